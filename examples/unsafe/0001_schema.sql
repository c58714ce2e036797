-- A shop in production: its tables are large enough to make a mistake felt.

CREATE TYPE order_status AS ENUM ('new', 'paid', 'shipped');

CREATE TABLE customers (
	id int PRIMARY KEY,
	email text NOT NULL,
	name text,
	address text,
	created_at timestamp
);

CREATE TABLE orders (
	id int PRIMARY KEY,
	number text NOT NULL,
	customer_id int NOT NULL,
	status order_status NOT NULL DEFAULT 'new',
	total numeric(12, 2),
	address text,
	placed_at timestamp
);

CREATE TABLE order_lines (
	order_id int NOT NULL,
	line int NOT NULL,
	product text NOT NULL,
	quantity int NOT NULL
);

-- who changed an order, and when
CREATE TABLE order_audit (
	order_id int NOT NULL,
	changed_at timestamptz NOT NULL DEFAULT now()
);
CREATE FUNCTION audit_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO order_audit (order_id) VALUES (NEW.id);
	RETURN NEW;
END $$;
CREATE TRIGGER order_audit AFTER UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION audit_order();

CREATE VIEW customer_list AS SELECT id, name, email FROM customers;

CREATE TABLE events (at date NOT NULL, body text) PARTITION BY RANGE (at);
CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE events_2025 (at date NOT NULL, body text);

INSERT INTO customers
SELECT i, 'c' || i || '@example.com', 'Customer ' || i, repeat('Main Street ', 6), timestamp '2024-01-01'
FROM generate_series(1, 100000) i;

-- number 77 was given twice
INSERT INTO orders
SELECT i, 'N' || CASE i WHEN 78 THEN 77 ELSE i END, i, 'new', i % 1000, repeat('Main Street ', 6), timestamp '2024-06-01'
FROM generate_series(1, 100000) i;

INSERT INTO order_lines
SELECT i / 2 + 1, i % 2 + 1, 'a product with quite a long name', 1
FROM generate_series(0, 199999) i;

ALTER TABLE order_lines ADD FOREIGN KEY (order_id) REFERENCES orders ON DELETE CASCADE;

INSERT INTO events_2025
SELECT date '2025-01-01' + i % 365, repeat('event ', 10)
FROM generate_series(1, 100000) i;

ANALYZE;
