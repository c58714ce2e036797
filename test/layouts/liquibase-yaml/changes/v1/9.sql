CREATE TABLE v2 (a int);
