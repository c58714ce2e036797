DROP INDEX CONCURRENTLY users_updated_at;
