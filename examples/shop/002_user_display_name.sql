-- People want to be greeted by a name, not by an address; NULL means they never gave one.

-- migrate:up
ALTER TABLE users ADD COLUMN display_name text;

-- migrate:down
ALTER TABLE users DROP COLUMN display_name;
