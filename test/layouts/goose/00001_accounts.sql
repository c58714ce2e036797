
-- Comments and empty lines may come first.
-- +goose Up
CREATE TABLE accounts (id int PRIMARY KEY);
-- a comment; with a semicolon
INSERT INTO accounts
-- within a statement
VALUES (1);

-- +goose Down
DROP TABLE accounts;
