-- Up Migration
CREATE TABLE accounts (id int PRIMARY KEY);

-- Down Migration
DROP TABLE accounts;
