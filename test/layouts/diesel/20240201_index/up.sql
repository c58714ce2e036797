CREATE INDEX CONCURRENTLY users_updated_at ON users (updated_at);
SELECT count(*) FROM users;
