-- +goose up
-- +goose statementbegin
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
	RETURN 1;
END;
$$;
-- +goose STATEMENTEND
SELECT f(); -- it works

-- +goose Down
-- +goose StatementBegin
DROP FUNCTION f();
-- +goose StatementEnd
