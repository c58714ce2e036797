CREATE TABLE alone (id int);
