CREATE TABLE up_only (id int);
