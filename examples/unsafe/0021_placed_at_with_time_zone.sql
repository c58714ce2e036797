CREATE FUNCTION with_time_zone() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	ALTER TABLE orders ALTER COLUMN placed_at TYPE timestamptz USING placed_at AT TIME ZONE 'Europe/Berlin';
END $$;
SELECT with_time_zone();
DROP FUNCTION with_time_zone();
