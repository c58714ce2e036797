--! Previous: sha1:99ec9349a6c0309df981d75be5cfe7cfa3322ffd
--! Hash: sha1:21a50fc06ab7d9c46f51e8bdec59312f7df1d32a
--! Message: Included

--! Included view.sql
CREATE VIEW users_view AS SELECT id FROM users;
--! EndIncluded view.sql
