CREATE TABLE six AS SELECT '${no_placeholder}' AS text;
