---- tern: disable-tx ----
CREATE INDEX CONCURRENTLY accounts_id ON {{.prefix}}_accounts (id);
VACUUM {{.prefix}}_accounts;
---- create above / drop below ----
DROP INDEX accounts_id;
