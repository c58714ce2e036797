--! Previous: -
--! Hash: sha1:5de442a7d85b633a75262b63116101b88cad6dbc
--! Message: Users

-- a comment of the script
CREATE TABLE users (id int, owner text DEFAULT ':DATABASE_OWNER', slice int[] DEFAULT '{1,2,3}');
COMMENT ON TABLE users IS ':DATABASE_NAME :DATABASE_NAMES';
