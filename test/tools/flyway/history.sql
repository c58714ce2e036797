-- What flyway leaves in a database, from what its sources say.
CREATE TABLE public.flyway_schema_history (
    installed_rank integer NOT NULL,
    version character varying(50),
    description character varying(200) NOT NULL,
    type character varying(20) NOT NULL,
    script character varying(1000) NOT NULL,
    checksum integer,
    installed_by character varying(100) NOT NULL,
    installed_on timestamp without time zone DEFAULT now() NOT NULL,
    execution_time integer NOT NULL,
    success boolean NOT NULL
);
INSERT INTO public.flyway_schema_history VALUES (1, '1', 'customers', 'SQL', 'V1__customers.sql', -1834683742, 'ann', '2024-01-05 09:15:00', 10, true);
INSERT INTO public.flyway_schema_history VALUES (2, '2.1', 'orders', 'SQL', 'V2_1__orders.sql', -1975492653, 'ann', '2024-02-05 09:15:00', 11, true);
INSERT INTO public.flyway_schema_history VALUES (3, '3', 'orders by customer', 'SQL', 'V3__orders_by_customer.sql', -2007303608, 'ann', '2024-03-05 09:15:00', 12, true);
INSERT INTO public.flyway_schema_history VALUES (4, NULL, 'open orders', 'SQL', 'R__open_orders.sql', -309918724, 'ann', '2024-04-05 09:15:00', 13, true);
ALTER TABLE ONLY public.flyway_schema_history
    ADD CONSTRAINT flyway_schema_history_pk PRIMARY KEY (installed_rank);
CREATE INDEX flyway_schema_history_s_idx ON public.flyway_schema_history USING btree (success);
