--migrate:up
CREATE TABLE orders (
	id bigint PRIMARY KEY,
	customer_id bigint NOT NULL REFERENCES customers,
	status text NOT NULL
);

-- migrate:down
DROP TABLE orders;
