-- migrate:up color:red transaction:false
CREATE TABLE orders (id int PRIMARY KEY);
CREATE INDEX CONCURRENTLY orders_id ON orders (id);
-- migrate:down transaction:false unknown
DROP TABLE orders;
