-- +migrate Up
CREATE TABLE orders (id int PRIMARY KEY);
-- +migrate Down
-- nothing to do
