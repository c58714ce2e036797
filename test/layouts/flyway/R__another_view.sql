CREATE OR REPLACE VIEW another_view AS SELECT count(*) FROM people;
