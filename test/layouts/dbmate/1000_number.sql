-- migrate:up
CREATE TABLE number (id int);
-- migrate:down
DROP TABLE number;
