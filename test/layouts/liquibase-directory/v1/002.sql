CREATE TABLE d2 (a int);
