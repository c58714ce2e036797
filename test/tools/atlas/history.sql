-- What atlas leaves in a database, from what its sources say.
CREATE SCHEMA atlas_schema_revisions;
CREATE TABLE atlas_schema_revisions.atlas_schema_revisions (
    version character varying NOT NULL,
    description character varying NOT NULL,
    type bigint DEFAULT 2 NOT NULL,
    applied bigint DEFAULT 0 NOT NULL,
    total bigint DEFAULT 0 NOT NULL,
    executed_at timestamp with time zone NOT NULL,
    execution_time bigint NOT NULL,
    error text,
    error_stmt text,
    hash character varying NOT NULL,
    partial_hashes jsonb,
    operator_version character varying NOT NULL
);
INSERT INTO atlas_schema_revisions.atlas_schema_revisions VALUES ('20240105091500', 'customers', 2, 2, 2, '2024-01-05 09:15:00+00', 1000000, '', '', '4kRegNiws4TDwyasXHVT43bt+Q7TP6WDnpBDQuZzmEo=', 'null', 'Atlas CLI v0.30.0');
INSERT INTO atlas_schema_revisions.atlas_schema_revisions VALUES ('20240212100000', 'orders', 2, 1, 1, '2024-02-05 09:15:00+00', 1000001, '', '', 'nq6tGa4BC7l3sOcAlTE2CCfyu8kB7fSmKY5+BHmvkzY=', 'null', 'Atlas CLI v0.30.0');
INSERT INTO atlas_schema_revisions.atlas_schema_revisions VALUES ('20240301120000', 'orders_by_customer', 2, 1, 1, '2024-03-05 09:15:00+00', 1000002, '', '', 'WBvaxeYCPJrUTUDEq0fFDBssdvGmvzaj6WkWahbf/DQ=', 'null', 'Atlas CLI v0.30.0');
ALTER TABLE ONLY atlas_schema_revisions.atlas_schema_revisions
    ADD CONSTRAINT atlas_schema_revisions_pkey PRIMARY KEY (version);
