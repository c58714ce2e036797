CREATE FUNCTION diesel_set_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	NEW.updated_at := current_timestamp;
	RETURN NEW;
END;
$$;
