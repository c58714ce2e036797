-- Deploy shop:tables/orders to pg

BEGIN;

CREATE TABLE shop.orders (
	id bigint PRIMARY KEY,
	customer_id bigint NOT NULL REFERENCES shop.customers,
	status text NOT NULL
);

COMMIT;
