CREATE TABLE alembic_sql (id int);
