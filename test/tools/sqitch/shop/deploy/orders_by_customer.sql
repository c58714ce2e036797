-- Deploy shop:orders_by_customer to pg

CREATE INDEX CONCURRENTLY orders_customer_id ON shop.orders (customer_id);
