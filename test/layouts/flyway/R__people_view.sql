CREATE OR REPLACE VIEW people_view AS SELECT *, '${greeting}'::text AS word FROM people;
