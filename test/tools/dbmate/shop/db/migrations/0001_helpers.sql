-- What is here before the first marker may be comments and blank lines only.

-- migrate:up
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	NEW.changed_at := coalesce(NEW.changed_at, 'epoch'); -- a ; in a body
	RETURN NEW;
END;
$$;

-- migrate:down
DROP FUNCTION touch();
