-- Create "users" table
-- atlas:nolint
CREATE TABLE users (id int);
