--! Previous: sha1:73e36a7107df5ec6e7d677c3aaa1b68249af4a96
--! Hash: sha1:99ec9349a6c0309df981d75be5cfe7cfa3322ffd
--! Message: Index

--! no-transaction
CREATE INDEX CONCURRENTLY users_id ON users (id);
