CREATE TABLE {{.prefix}}_accounts (
    id int PRIMARY KEY
);

---- create above / drop below ----

DROP TABLE {{ .prefix }}_accounts;
