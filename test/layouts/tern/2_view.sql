-- the view is in a file of its own {{/* a comment
of two lines */}}
{{ template "shared/v1.sql" . }}
SELECT '{{"{{"}}';

---- create above / drop below ----
DROP VIEW {{- /* no blank before this */ -}} {{" "}} {{.prefix}}_ids;
