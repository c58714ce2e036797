CREATE INDEX CONCURRENTLY orders_account ON orders (account);
