-- Deploy shop:index to pg

CREATE INDEX CONCURRENTLY orders_buyer ON :schema.orders (buyer);
