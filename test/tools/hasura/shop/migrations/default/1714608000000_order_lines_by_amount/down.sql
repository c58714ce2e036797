DROP INDEX order_lines_amount;
