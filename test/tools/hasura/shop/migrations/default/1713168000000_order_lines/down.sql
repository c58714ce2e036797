DROP FUNCTION total(bigint);
DROP TABLE order_lines;
