CREATE TABLE flat (id int);
