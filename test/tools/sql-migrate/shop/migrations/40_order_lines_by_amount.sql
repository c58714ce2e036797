-- +migrate Up notransaction
CREATE INDEX CONCURRENTLY order_lines_amount ON order_lines (amount);

-- +migrate Down notransaction
DROP INDEX CONCURRENTLY order_lines_amount;
