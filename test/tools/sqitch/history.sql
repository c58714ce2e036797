-- What sqitch leaves in a database: pg_dump of its tables.

CREATE SCHEMA sqitch;
CREATE TABLE sqitch.changes (
    change_id text NOT NULL,
    script_hash text,
    change text NOT NULL,
    project text NOT NULL,
    note text DEFAULT ''::text NOT NULL,
    committed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    committer_name text NOT NULL,
    committer_email text NOT NULL,
    planned_at timestamp with time zone NOT NULL,
    planner_name text NOT NULL,
    planner_email text NOT NULL
);
CREATE TABLE sqitch.dependencies (
    change_id text NOT NULL,
    type text NOT NULL,
    dependency text NOT NULL,
    dependency_id text,
    CONSTRAINT dependencies_check CHECK ((((type = 'require'::text) AND (dependency_id IS NOT NULL)) OR ((type = 'conflict'::text) AND (dependency_id IS NULL))))
);
CREATE TABLE sqitch.events (
    event text NOT NULL,
    change_id text NOT NULL,
    change text NOT NULL,
    project text NOT NULL,
    note text DEFAULT ''::text NOT NULL,
    requires text[] DEFAULT '{}'::text[] NOT NULL,
    conflicts text[] DEFAULT '{}'::text[] NOT NULL,
    tags text[] DEFAULT '{}'::text[] NOT NULL,
    committed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    committer_name text NOT NULL,
    committer_email text NOT NULL,
    planned_at timestamp with time zone NOT NULL,
    planner_name text NOT NULL,
    planner_email text NOT NULL,
    CONSTRAINT events_event_check CHECK ((event = ANY (ARRAY['deploy'::text, 'revert'::text, 'fail'::text, 'merge'::text])))
);
CREATE TABLE sqitch.projects (
    project text NOT NULL,
    uri text,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    creator_name text NOT NULL,
    creator_email text NOT NULL
);
CREATE TABLE sqitch.releases (
    version real NOT NULL,
    installed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    installer_name text NOT NULL,
    installer_email text NOT NULL
);
CREATE TABLE sqitch.tags (
    tag_id text NOT NULL,
    tag text NOT NULL,
    project text NOT NULL,
    change_id text NOT NULL,
    note text DEFAULT ''::text NOT NULL,
    committed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    committer_name text NOT NULL,
    committer_email text NOT NULL,
    planned_at timestamp with time zone NOT NULL,
    planner_name text NOT NULL,
    planner_email text NOT NULL
);
INSERT INTO sqitch.changes VALUES ('d75ab3a1ca0c2d4106f3fc4ccb0a912deff63b17', 'cd0a41ce228c460f08371ac44fbc1b3b718353d5', 'schema', 'shop', 'A place of our own: "shop"', '2026-11-21 06:16:10.290657+00', 'Ann Shop', 'ann@example.com', '2024-01-05 09:15:00+00', 'Ann Shop', 'ann@example.com');
INSERT INTO sqitch.changes VALUES ('5b9e033044c071337b3c7f3f6daefc51ca9f06bd', 'a47a61713040d4fec4269ac1d3daac3758905965', 'tables/customers', 'shop', 'Customers', '2026-11-21 06:16:10.366371+00', 'Ann Shop', 'ann@example.com', '2024-02-05 09:15:00+00', 'Ann Shop', 'ann@example.com');
INSERT INTO sqitch.changes VALUES ('522205dfef36ebdb5c072aa1f04d1b0a594b5cab', 'f48df4c2517643378f5e6f5cce01a6768c473b0a', 'greeting', 'shop', 'Say hello', '2026-11-21 06:16:10.436564+00', 'Ann Shop', 'ann@example.com', '2024-03-05 09:15:00+00', 'Ann Shop', 'ann@example.com');
INSERT INTO sqitch.changes VALUES ('f43cb706efdb3182f7b9ea505e6cb4048134f0e4', 'efc0bbdd40427986ff2b81fe3f144fe08bafe271', 'tables/orders', 'shop', 'Orders # and what not', '2026-11-21 06:16:10.514166+00', 'Ann Shop', 'ann@example.com', '2024-05-05 09:15:00+00', 'Ann Shop', 'ann@example.com');
INSERT INTO sqitch.changes VALUES ('c45d5e1eb7c591e7c2f76fa85e31b7d69c0e2fc5', '7465463526137a1a7207483930e3b31454b04f08', 'orders_by_customer', 'shop', 'Built concurrently, so without a transaction', '2026-11-21 06:16:10.575042+00', 'Ann Shop', 'ann@example.com', '2024-06-05 09:15:00+00', 'Ann Shop', 'ann@example.com');
INSERT INTO sqitch.dependencies VALUES ('5b9e033044c071337b3c7f3f6daefc51ca9f06bd', 'require', 'schema', 'd75ab3a1ca0c2d4106f3fc4ccb0a912deff63b17');
INSERT INTO sqitch.dependencies VALUES ('522205dfef36ebdb5c072aa1f04d1b0a594b5cab', 'require', 'tables/customers', '5b9e033044c071337b3c7f3f6daefc51ca9f06bd');
INSERT INTO sqitch.dependencies VALUES ('f43cb706efdb3182f7b9ea505e6cb4048134f0e4', 'require', 'tables/customers', '5b9e033044c071337b3c7f3f6daefc51ca9f06bd');
INSERT INTO sqitch.dependencies VALUES ('f43cb706efdb3182f7b9ea505e6cb4048134f0e4', 'require', 'schema@v1.0', 'd75ab3a1ca0c2d4106f3fc4ccb0a912deff63b17');
INSERT INTO sqitch.dependencies VALUES ('c45d5e1eb7c591e7c2f76fa85e31b7d69c0e2fc5', 'require', 'tables/orders', 'f43cb706efdb3182f7b9ea505e6cb4048134f0e4');
INSERT INTO sqitch.events VALUES ('deploy', 'd75ab3a1ca0c2d4106f3fc4ccb0a912deff63b17', 'schema', 'shop', 'A place of our own: "shop"', '{}', '{}', '{}', '2026-11-21 06:16:10.292448+00', 'Ann Shop', 'ann@example.com', '2024-01-05 09:15:00+00', 'Ann Shop', 'ann@example.com');
INSERT INTO sqitch.events VALUES ('deploy', '5b9e033044c071337b3c7f3f6daefc51ca9f06bd', 'tables/customers', 'shop', 'Customers', '{schema}', '{}', '{}', '2026-11-21 06:16:10.368483+00', 'Ann Shop', 'ann@example.com', '2024-02-05 09:15:00+00', 'Ann Shop', 'ann@example.com');
INSERT INTO sqitch.events VALUES ('deploy', '522205dfef36ebdb5c072aa1f04d1b0a594b5cab', 'greeting', 'shop', 'Say hello', '{tables/customers}', '{}', '{@v1.0}', '2026-11-21 06:16:10.439621+00', 'Ann Shop', 'ann@example.com', '2024-03-05 09:15:00+00', 'Ann Shop', 'ann@example.com');
INSERT INTO sqitch.events VALUES ('deploy', 'f43cb706efdb3182f7b9ea505e6cb4048134f0e4', 'tables/orders', 'shop', 'Orders # and what not', '{tables/customers,schema@v1.0}', '{}', '{}', '2026-11-21 06:16:10.516004+00', 'Ann Shop', 'ann@example.com', '2024-05-05 09:15:00+00', 'Ann Shop', 'ann@example.com');
INSERT INTO sqitch.events VALUES ('deploy', 'c45d5e1eb7c591e7c2f76fa85e31b7d69c0e2fc5', 'orders_by_customer', 'shop', 'Built concurrently, so without a transaction', '{tables/orders}', '{}', '{}', '2026-11-21 06:16:10.576643+00', 'Ann Shop', 'ann@example.com', '2024-06-05 09:15:00+00', 'Ann Shop', 'ann@example.com');
INSERT INTO sqitch.projects VALUES ('shop', 'https://example.com/shop/', '2026-11-21 06:16:10.211353+00', 'Ann Shop', 'ann@example.com');
INSERT INTO sqitch.releases VALUES (1.1, '2026-11-21 06:16:10.206312+00', 'Ann Shop', 'ann@example.com');
INSERT INTO sqitch.tags VALUES ('9346c0e5366426b8b865bc2978f97f500573d821', '@v1.0', 'shop', '522205dfef36ebdb5c072aa1f04d1b0a594b5cab', 'The first release', '2026-11-21 06:16:10.438323+00', 'Ann Shop', 'ann@example.com', '2024-04-05 09:15:00+00', 'Ann Shop', 'ann@example.com');
ALTER TABLE ONLY sqitch.changes
    ADD CONSTRAINT changes_pkey PRIMARY KEY (change_id);
ALTER TABLE ONLY sqitch.changes
    ADD CONSTRAINT changes_project_script_hash_key UNIQUE (project, script_hash);
ALTER TABLE ONLY sqitch.dependencies
    ADD CONSTRAINT dependencies_pkey PRIMARY KEY (change_id, dependency);
ALTER TABLE ONLY sqitch.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (change_id, committed_at);
ALTER TABLE ONLY sqitch.projects
    ADD CONSTRAINT projects_pkey PRIMARY KEY (project);
ALTER TABLE ONLY sqitch.projects
    ADD CONSTRAINT projects_uri_key UNIQUE (uri);
ALTER TABLE ONLY sqitch.releases
    ADD CONSTRAINT releases_pkey PRIMARY KEY (version);
ALTER TABLE ONLY sqitch.tags
    ADD CONSTRAINT tags_pkey PRIMARY KEY (tag_id);
ALTER TABLE ONLY sqitch.tags
    ADD CONSTRAINT tags_project_tag_key UNIQUE (project, tag);
ALTER TABLE ONLY sqitch.changes
    ADD CONSTRAINT changes_project_fkey FOREIGN KEY (project) REFERENCES sqitch.projects(project) ON UPDATE CASCADE;
ALTER TABLE ONLY sqitch.dependencies
    ADD CONSTRAINT dependencies_change_id_fkey FOREIGN KEY (change_id) REFERENCES sqitch.changes(change_id) ON UPDATE CASCADE ON DELETE CASCADE;
ALTER TABLE ONLY sqitch.dependencies
    ADD CONSTRAINT dependencies_dependency_id_fkey FOREIGN KEY (dependency_id) REFERENCES sqitch.changes(change_id) ON UPDATE CASCADE;
ALTER TABLE ONLY sqitch.events
    ADD CONSTRAINT events_project_fkey FOREIGN KEY (project) REFERENCES sqitch.projects(project) ON UPDATE CASCADE;
ALTER TABLE ONLY sqitch.tags
    ADD CONSTRAINT tags_change_id_fkey FOREIGN KEY (change_id) REFERENCES sqitch.changes(change_id) ON UPDATE CASCADE;
ALTER TABLE ONLY sqitch.tags
    ADD CONSTRAINT tags_project_fkey FOREIGN KEY (project) REFERENCES sqitch.projects(project) ON UPDATE CASCADE;
