-- A place for what changes with every whim of the controllers: the repeatables live here and nowhere else.

-- migrate:up
CREATE SCHEMA reporting;

COMMENT ON SCHEMA reporting IS 'Filled by repeatable scripts; anything made here by hand is lost.';

-- migrate:down
-- CASCADE is meant: the repeatables have no down of their own, and they would hold on to columns that older downs drop.
DROP SCHEMA reporting CASCADE;
