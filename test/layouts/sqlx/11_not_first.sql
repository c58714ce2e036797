
-- no-transaction
CREATE TABLE notes (id int);
