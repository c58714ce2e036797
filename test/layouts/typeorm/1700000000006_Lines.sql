CREATE TABLE typeorm_sql (id int);
