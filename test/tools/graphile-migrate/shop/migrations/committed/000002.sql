--! Previous: sha1:c4d0c60c905e1c0c6ae23dcbe8634a7c5b33b8c1
--! Hash: sha1:619ccadf816c3d1646eb7200857335f17a1ce84e

CREATE TABLE orders (
	id bigint PRIMARY KEY,
	customer_id bigint NOT NULL REFERENCES customers,
	status text NOT NULL DEFAULT ':OPEN_STATUS'
);
COMMENT ON TABLE orders IS 'kept by :DATABASE_OWNER';

CREATE FUNCTION shout(word text) RETURNS text LANGUAGE sql AS $$
	SELECT upper(word) || '!';
$$;
