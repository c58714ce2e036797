CREATE TABLE persons (id int, name varchar(255), city varchar(255));
