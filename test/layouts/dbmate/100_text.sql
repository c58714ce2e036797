-- migrate:up
CREATE TABLE text_order (id int);
-- migrate:down
DROP TABLE text_order;
