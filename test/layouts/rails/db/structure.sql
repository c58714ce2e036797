SET statement_timeout = 0;
CREATE TABLE public.users (id bigint);
CREATE TABLE public.schema_migrations (version character varying NOT NULL);
SET search_path TO "$user", public;

INSERT INTO "schema_migrations" (version) VALUES
('20230105000000'),
('20230103000000'),
('20230102000000'),
('20230101000000');

