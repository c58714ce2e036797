-- migrate:up
CREATE TABLE alembic_sql2 (id int);
-- migrate:down
DROP TABLE alembic_sql2;
