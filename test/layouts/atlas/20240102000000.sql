CREATE TABLE no_name (id int);
