-- Verify shop:users on pg

BEGIN;
SELECT id, nick, email, tags FROM :schema.users WHERE false;
ROLLBACK;
