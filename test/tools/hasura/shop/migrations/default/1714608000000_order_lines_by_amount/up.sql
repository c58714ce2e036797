CREATE INDEX order_lines_amount ON order_lines (amount);
