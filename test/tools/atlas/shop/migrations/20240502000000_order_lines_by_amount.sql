-- atlas:txmode none

CREATE INDEX CONCURRENTLY order_lines_amount ON order_lines (amount);
