CREATE TABLE efcore_sql (id int);
