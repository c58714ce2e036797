CREATE TABLE dropped (id int);
