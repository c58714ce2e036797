ALTER TABLE customers ADD CONSTRAINT customers_email UNIQUE (email);
