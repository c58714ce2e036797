CREATE INDEX CONCURRENTLY "order_lines_amount_index" ON "order_lines" ("amount");
