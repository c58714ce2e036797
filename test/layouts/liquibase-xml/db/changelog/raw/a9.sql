CREATE TABLE raw3 (a int);
