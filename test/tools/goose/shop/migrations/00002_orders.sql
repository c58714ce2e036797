-- +goose Up
CREATE TABLE orders (
	id bigint PRIMARY KEY,
	customer_id bigint NOT NULL REFERENCES customers,
	status text NOT NULL
);

-- +goose Down
DROP TABLE orders;
