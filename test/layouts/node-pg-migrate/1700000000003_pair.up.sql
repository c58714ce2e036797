CREATE TABLE pair (id int);
-- Down Migration
CREATE TABLE pair_too (id int);
