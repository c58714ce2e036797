-- the number is compared by value: before 10
CREATE TABLE orders (id int PRIMARY KEY, account int REFERENCES accounts);
INSERT INTO accounts VALUES (1, 'one');
