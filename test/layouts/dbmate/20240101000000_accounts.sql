
-- What this is for.
   -- Another comment.
-- migrate:up
CREATE TABLE accounts (id int PRIMARY KEY);

-- migrate:down
DROP TABLE accounts;
