CREATE TABLE ecto_sql (id int);
