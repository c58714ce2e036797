-- Revert shop:greeting from pg

BEGIN;

CREATE OR REPLACE FUNCTION shop.greeting(who text) RETURNS text LANGUAGE sql AS $$
	SELECT 'Hello, ' || who;
$$;

COMMIT;
