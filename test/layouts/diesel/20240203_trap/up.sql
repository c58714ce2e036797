CREATE TABLE trap (id int);
INSERT INTO trap VALUES (1);
