CREATE TABLE django_sql (id int);
