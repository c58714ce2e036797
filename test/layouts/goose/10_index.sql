--+goose Up
CREATE INDEX CONCURRENTLY accounts_id ON accounts (id);
VACUUM accounts;
--  +goose Down
DROP INDEX CONCURRENTLY accounts_id;
-- +goose NO TRANSACTION --
