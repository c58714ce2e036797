--! Previous: sha1:5de442a7d85b633a75262b63116101b88cad6dbc
--! Hash: sha1:73e36a7107df5ec6e7d677c3aaa1b68249af4a96
--! Message: What was said of it

GRANT SELECT ON users TO :VISITOR;
DO $$
DECLARE
    n CONSTANT int := 2;
BEGIN
    PERFORM (ARRAY[1, 2, 3])[1:N], 'x'::TEXT, ':NOT_SET';
END
$$;
SELECT slice[1:ID], id::TEXT FROM users;
