CREATE TABLE whole (id int);
-- Down Migration
DROP TABLE whole;
