CREATE TABLE kept (id int);

---- create above / drop below ----

