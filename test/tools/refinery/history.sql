-- What refinery leaves in a database, from what its sources say.
CREATE TABLE public.refinery_schema_history (
    version integer NOT NULL,
    name character varying(255),
    applied_on character varying(255),
    checksum character varying(255)
);
INSERT INTO public.refinery_schema_history VALUES (1, 'customers', '2024-01-05T09:15:00.123456789Z', '12663358737044251494');
INSERT INTO public.refinery_schema_history VALUES (2, 'orders', '2024-02-05T09:15:00.123456789Z', '19066728484251998');
INSERT INTO public.refinery_schema_history VALUES (3, 'orders_by_customer', '2024-03-05T09:15:00.123456789Z', '6285749605675616094');
ALTER TABLE ONLY public.refinery_schema_history
    ADD CONSTRAINT refinery_schema_history_pkey PRIMARY KEY (version);
