DO $$
DECLARE
	name text;
BEGIN
	FOREACH name IN ARRAY ARRAY['customers', 'orders', 'order_lines'] LOOP
		EXECUTE format('ALTER TABLE %I ADD COLUMN stored_at timestamptz DEFAULT clock_timestamp()', name);
	END LOOP;
END $$;
