-- What liquibase leaves in a database: pg_dump of its tables.

CREATE TABLE public.databasechangelog (
    id character varying(255) NOT NULL,
    author character varying(255) NOT NULL,
    filename character varying(255) NOT NULL,
    dateexecuted timestamp without time zone NOT NULL,
    orderexecuted integer NOT NULL,
    exectype character varying(10) NOT NULL,
    md5sum character varying(35),
    description character varying(255),
    comments character varying(255),
    tag character varying(255),
    liquibase character varying(20),
    contexts character varying(255),
    labels character varying(255),
    deployment_id character varying(10)
);
CREATE TABLE public.databasechangeloglock (
    id integer NOT NULL,
    locked boolean NOT NULL,
    lockgranted timestamp without time zone,
    lockedby character varying(255)
);
INSERT INTO public.databasechangelog VALUES ('1', 'ann', 'changelog/customers.sql', '2026-11-21 06:15:23.191407', 1, 'EXECUTED', '9:71dee69d997807a52f859815c5dac184', 'sql', 'the first table', NULL, '4.28.0', NULL, NULL, '5241723118');
INSERT INTO public.databasechangelog VALUES ('2', 'ann', 'changelog/customers.sql', '2026-11-21 06:15:23.217809', 2, 'EXECUTED', '9:6bd6b24a6e4dba72fcf72831b301bfeb', 'sql', '', NULL, '4.28.0', 'prod', 'data', '5241723118');
INSERT INTO public.databasechangelog VALUES ('a name, with blanks', 'Bob B', 'changelog/customers.sql', '2026-11-21 06:15:23.230361', 3, 'EXECUTED', '9:6591e70bb256ec2b62db35be90d5c022', 'sql', '', NULL, '4.28.0', NULL, NULL, '5241723118');
INSERT INTO public.databasechangelog VALUES ('1', 'bob', 'changelog/orders.sql', '2026-11-21 06:15:23.24934', 4, 'EXECUTED', '9:de4354388263dbc12aced0b14af93942', 'sql', '', NULL, '4.28.0', NULL, NULL, '5241723118');
INSERT INTO public.databasechangelog VALUES ('2', 'bob', 'changelog/orders.sql', '2026-11-21 06:15:23.257791', 5, 'EXECUTED', '9:df5f79c7b9664f5803fcdb57555943fc', 'sql', '', NULL, '4.28.0', NULL, NULL, '5241723118');
INSERT INTO public.databasechangelog VALUES ('view', 'bob', 'changelog/orders.sql', '2026-11-21 06:15:23.266519', 6, 'EXECUTED', '9:1b03e8fd26650d85821674079769ae1b', 'sql', '', NULL, '4.28.0', NULL, NULL, '5241723118');
INSERT INTO public.databasechangeloglock VALUES (1, false, NULL, NULL);
ALTER TABLE ONLY public.databasechangeloglock
    ADD CONSTRAINT databasechangeloglock_pkey PRIMARY KEY (id);
