CREATE TABLE stray (id int);
