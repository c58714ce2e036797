-- Revert shop:index from pg

DROP INDEX CONCURRENTLY :schema.orders_buyer;
