This is lost: it stands before the first section.
  ---- - DOWN   migration of the orders
DROP TABLE orders;
--
-- up migration
CREATE TABLE orders (id int PRIMARY KEY);
