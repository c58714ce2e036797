-- +goose NO TRANSACTION
-- +goose Up
CREATE INDEX CONCURRENTLY order_lines_amount ON order_lines (amount);

-- +goose Down
DROP INDEX CONCURRENTLY order_lines_amount;
