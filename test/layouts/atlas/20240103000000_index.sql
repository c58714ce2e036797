-- atlas:txmode none

-- atlas:nolint concurrent_index
CREATE INDEX CONCURRENTLY users_id ON users (id);
CREATE INDEX CONCURRENTLY users_id_2 ON users (id);
