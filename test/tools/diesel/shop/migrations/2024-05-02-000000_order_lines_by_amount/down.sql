DROP INDEX CONCURRENTLY order_lines_amount;
