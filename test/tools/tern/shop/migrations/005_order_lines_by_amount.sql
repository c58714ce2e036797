---- tern: disable-tx ----
CREATE INDEX CONCURRENTLY order_lines_amount ON order_lines (amount);

---- create above / drop below ----

---- tern: disable-tx ----
DROP INDEX CONCURRENTLY order_lines_amount;
