---- tern: disable-tx ----
CREATE INDEX CONCURRENTLY orders_customer_id ON orders (customer_id);

---- create above / drop below ----

---- tern: disable-tx ----
DROP INDEX CONCURRENTLY orders_customer_id;
