CREATE VIEW {{.prefix}}_ids AS {{ template "shared/columns.sql" . }} FROM {{.prefix}}_accounts;
