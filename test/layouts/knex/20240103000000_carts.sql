-- migrate:up
CREATE TABLE carts (id bigint);
-- migrate:down
DROP TABLE carts;
