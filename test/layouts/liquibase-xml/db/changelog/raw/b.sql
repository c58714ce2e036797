CREATE TABLE raw1 (a int);
-- ${tab} here
INSERT INTO raw1 VALUES (1);
