-- An index, built without a lock.
-- postgres-migrations disable-transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS accounts_name ON accounts (name);
