CREATE TABLE lines (id bigint);
