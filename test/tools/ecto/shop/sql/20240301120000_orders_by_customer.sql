CREATE INDEX CONCURRENTLY "orders_customer_id_index" ON "orders" ("customer_id");
