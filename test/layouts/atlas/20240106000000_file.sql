-- atlas:txmode file
-- atlas:nolint

CREATE TABLE file_mode (id int);
