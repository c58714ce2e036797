This is not run: it stands before the first section.
-- +migrate Up
-- The accounts.
CREATE TABLE accounts (id int PRIMARY KEY);

-- +migrate Down
DROP TABLE accounts;
