-- +migrate Down
DROP FUNCTION f();
-- +migrate Up
-- +migrate StatementBegin
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
	RETURN 1;
END;
$$;
-- +migrate StatementEnd
-- +migrate Unknown words are nothing
-- +migrate Down
DROP TABLE IF EXISTS more;
-- +migrate Up
CREATE TABLE more (id int);
