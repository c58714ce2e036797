-- liquibase formatted sql

-- changeset bob:1 endDelimiter:GO
CREATE TABLE orders (
	id bigint PRIMARY KEY,
	customer_id bigint NOT NULL REFERENCES customers,
	status text NOT NULL DEFAULT '${open.status}'
)
GO
COMMENT ON TABLE orders IS 'a ; in a text'
GO
-- rollback DROP TABLE orders

-- changeset bob:2 runInTransaction:false
CREATE INDEX CONCURRENTLY orders_customer_id ON orders (customer_id);
-- rollback DROP INDEX CONCURRENTLY orders_customer_id;

-- changeset bob:view runOnChange:true
CREATE OR REPLACE VIEW open_orders AS SELECT id FROM orders WHERE status = '${open.status}';
-- rollback DROP VIEW open_orders;
