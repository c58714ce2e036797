-- +goose Up
-- '$unset' in a comment between statements is nothing
CREATE TABLE before ("$id" int);
-- +goose ENVSUB ON
-- $unset
CREATE TABLE ${SCHEMA}.$TABLE (
	a text DEFAULT '${TEXT:-none of ${SCHEMA}}', -- $TABLE
	b text DEFAULT '${EMPTY-unused}${EMPTY:-used}',
	c text DEFAULT '$${TEXT} \$x \\ $(pwd) 5$$',
	d text DEFAULT '${TABLE:2} ${TABLE:0:2} ${TABLE: -3:2} ${TABLE?}'
);
-- +goose ENVSUB OFF
COMMENT ON TABLE before IS '${TABLE}';
-- +goose Down
-- +goose ENVSUB ON
DROP TABLE before, $SCHEMA.$TABLE;
