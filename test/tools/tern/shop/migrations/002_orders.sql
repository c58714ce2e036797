CREATE TABLE orders (
	id bigint PRIMARY KEY,
	customer_id bigint NOT NULL REFERENCES customers,
	status text NOT NULL DEFAULT '{{.first_status}}'
);

---- create above / drop below ----

DROP TABLE orders;
