CREATE TABLE cars (id int, name varchar(255));
CREATE TABLE motos (id int, name varchar(255));
