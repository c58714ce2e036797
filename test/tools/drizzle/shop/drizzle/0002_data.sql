-- Custom SQL migration file, put your code below! --
INSERT INTO customers (email) VALUES ('ann@example.com'), ('bob@example.com');--> statement-breakpoint
CREATE FUNCTION shout(word text) RETURNS text LANGUAGE sql AS $$
	SELECT upper(word) || '!';
$$;
