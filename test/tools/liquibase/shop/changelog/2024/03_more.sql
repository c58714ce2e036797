--liquibase formatted sql

--changeset ann:index runInTransaction:false
CREATE INDEX CONCURRENTLY order_lines_amount ON order_lines (amount);
--rollback DROP INDEX CONCURRENTLY order_lines_amount;

--changeset ann:check
ALTER TABLE orders ADD CONSTRAINT known_status CHECK (status IN ('${open.status}', 'paid'));
--rollback ALTER TABLE orders DROP CONSTRAINT known_status;

--changeset ann:test-data context:test
INSERT INTO customers (email) VALUES ('test@example.com');
