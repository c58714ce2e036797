/*-------------------------------------------------------------------------
 *
 * schema_rows.c
 *	  The queries that show the schema of a database as rows.
 *
 * Everything that a migration can create, change or drop in this database is
 * an object of a kind and a name, with a definition and other aspects; an
 * aspect that is as it is by default is null.  What the server's own functions
 * say of an object is what it is: nothing here parses or builds SQL.  OIDs and
 * numbers of columns select and join, and are never part of a row.
 *
 * Left out are: what initdb made, but for its privileges, the schema public
 * and the database; what an extension brought, for which the extension stands;
 * temporary objects; roles, tablespaces and parameters, which belong to the
 * whole server; data, statistics and large objects; and what may be secret: the
 * connection of a subscription, and the values of a user mapping's options.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "compat.h"
#include "schema_rows.h"

/* An object of no extension. */
#define NO_MEMBER(class, oid) \
	"NOT EXISTS (SELECT FROM pg_depend AS e WHERE e.refclassid = 'pg_extension'::regclass" \
	" AND e.deptype = 'e' AND e.classid = '" class "'::regclass AND e.objid = " oid ")"

/* Neither initdb nor an extension has made it. */
#define BY_USERS(class, oid) \
	oid " >= 16384 AND " NO_MEMBER(class, oid)

/* For names as pg_identify_object() gives them. */
#define NOT_TEMPORARY(name) \
	name " !~ '(^| on )pg_temp'"

/* Of an array: a sorted list. */
#define SORTED(array) \
	"CASE WHEN " array " IS NOT NULL THEN" \
	" (SELECT string_agg(e::text, ', ' ORDER BY e::text COLLATE \"C\") FROM unnest(" array ") AS e) END"

#define OWNER(column) \
	"pg_get_userbyid(" column ") AS owner"

/* Of triggers, rules and event triggers. */
#define STATE(column) \
	"CASE " column " WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica'" \
	" WHEN 'A' THEN 'always' ELSE 'enabled' END AS state"

/* The objects of a catalog, each of which can tell its kind and name. */
#define OBJECTS(class, aspects) \
	"SELECT i.type || ' ' || i.identity, NULL, NULL, " aspects \
	" FROM " class " AS o, pg_identify_object('" class "'::regclass, o.oid, 0) AS i" \
	" WHERE " BY_USERS(class, "o.oid") " AND " NOT_TEMPORARY("i.identity")

/* The name of another object. */
#define NAME_OF(class, oid) \
	"(SELECT n.identity FROM pg_identify_object('" class "'::regclass, " oid ", 0) AS n)"

/*
 * What has columns, and sequences, with the names that pg_identify_object()
 * would give them, at less cost.
 */
#define RELATIONS \
	"WITH relation AS MATERIALIZED (SELECT k.kind, c.identity, c.parent," \
	"  CASE c.relkind WHEN 'c' THEN 'type' ELSE k.kind END || ' ' || c.identity AS object," \
	"  c.oid, c.relkind, c.relname" \
	" FROM (VALUES ('r'::\"char\", 'table'), ('p', 'table'), ('f', 'foreign table'), ('v', 'view')," \
	"       ('m', 'materialized view'), ('S', 'sequence'), ('c', 'composite type')) AS k (relkind, kind)," \
	"  (SELECT c.*, quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS identity," \
	"    (SELECT h.inhparent FROM pg_inherits AS h WHERE h.inhrelid = c.oid ORDER BY h.inhseqno LIMIT 1) AS parent" \
	"   FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace) AS c" \
	" WHERE c.relkind = k.relkind AND c.relpersistence <> 't' AND " BY_USERS("pg_class", "c.oid") \
	" AND " NO_MEMBER("pg_type", "c.reltype") ") "

/* The relation that the first of a relation's parents is. */
#define PARENT \
	" LEFT JOIN relation AS p ON p.oid = r.parent "

#define RELATION_ROWS \
	RELATIONS \
	"SELECT r.object, NULL, p.object," \
	" CASE WHEN r.relkind IN ('v', 'm') THEN pg_get_viewdef(r.oid)" \
	"      WHEN r.relkind = 'p' THEN 'partitioned table' ELSE r.kind END AS definition," \
	OWNER("c.relowner") "," \
	" CASE c.relpersistence WHEN 'u' THEN 'unlogged' END AS persistence," \
	" CASE r.relkind WHEN 'p' THEN pg_get_partkeydef(r.oid) END AS \"partition key\"," \
	" CASE WHEN r.parent IS NOT NULL THEN" \
	"  (SELECT string_agg(h.inhparent::regclass || CASE WHEN h.inhdetachpending THEN ' (being detached)' ELSE '' END," \
	"    ', ' ORDER BY h.inhseqno) FROM pg_inherits AS h WHERE h.inhrelid = r.oid) END AS inherits," \
	" pg_get_expr(c.relpartbound, r.oid) AS \"partition bound\"," \
	" CASE WHEN c.reloftype <> 0 THEN c.reloftype::regtype END AS type," \
	" am.amname AS \"access method\"," \
	" space.spcname AS tablespace," \
	SORTED("c.reloptions") " AS options," \
	SORTED("toast.reloptions") " AS \"options of the TOAST table\"," \
	" CASE WHEN c.relrowsecurity OR c.relforcerowsecurity THEN" \
	"  CASE WHEN c.relrowsecurity THEN 'enabled' ELSE 'disabled' END" \
	"  || CASE WHEN c.relforcerowsecurity THEN ', forced' ELSE '' END END AS \"row security\"," \
	" CASE c.relreplident WHEN 'f' THEN 'full' WHEN 'i' THEN 'index'" \
	"  WHEN 'n' THEN CASE WHEN r.relkind IN ('r', 'p', 'm') THEN 'nothing' END END AS \"replica identity\"," \
	" CASE WHEN NOT c.relispopulated THEN 'no' END AS populated" \
	" FROM relation AS r JOIN pg_class AS c ON c.oid = r.oid" PARENT \
	" LEFT JOIN pg_am AS am ON am.oid = c.relam" \
	" LEFT JOIN pg_class AS toast ON toast.oid = c.reltoastrelid" \
	" LEFT JOIN pg_tablespace AS space ON space.oid = c.reltablespace" \
	" WHERE r.relkind NOT IN ('c', 'S')"

/*
 * NOT NULL is a constraint with a name since 18, and is shown with its column.
 */
#define NOT_NULL_CONSTRAINT MIG_SQL_18( \
	" LEFT JOIN pg_constraint AS nn ON nn.conrelid = c.attrelid AND nn.contype = 'n'" \
	" AND nn.conkey[1] = c.attnum", "")
#define NOT_NULL MIG_SQL_18( \
	" CASE WHEN c.attnotnull THEN 'NOT NULL' || CASE WHEN nn.connoinherit THEN ' NO INHERIT' ELSE '' END" \
	"  || CASE WHEN NOT nn.convalidated THEN ' NOT VALID' ELSE '' END END", \
	" CASE WHEN c.attnotnull THEN 'NOT NULL' END")
#define NOT_NULL_NAME MIG_SQL_18( \
	" nullif(nn.conname, r.relname || '_' || c.attname || '_not_null')", " NULL::text") \
	" AS \"name of the NOT NULL constraint\""

/* The newest minor versions keep a number of their own among the options. */
#define COLUMN_OPTIONS \
	" CASE WHEN c.attoptions IS NOT NULL THEN" \
	"  (SELECT string_agg(e, ', ' ORDER BY e COLLATE \"C\") FROM unnest(c.attoptions) AS e" \
	"   WHERE NOT starts_with(e, 'pg_attver=')) END AS options"

#define COLUMN_ROWS \
	RELATIONS \
	"SELECT concat(r.kind, ' column ', r.identity, '.', quote_ident(c.attname)), r.object," \
	" CASE WHEN c.attinhcount > 0 THEN p.kind || ' column ' || p.identity || '.' || quote_ident(c.attname) END," \
	" concat_ws(' ', format_type(c.atttypid, c.atttypmod)," \
	"  CASE WHEN c.attcollation <> t.typcollation THEN 'COLLATE ' || c.attcollation::regcollation END," \
	NOT_NULL "," \
	"  CASE c.attidentity WHEN 'a' THEN 'GENERATED ALWAYS AS IDENTITY'" \
	"                     WHEN 'd' THEN 'GENERATED BY DEFAULT AS IDENTITY' END," \
	"  CASE WHEN d.oid IS NULL THEN NULL" \
	"       WHEN c.attgenerated = '' THEN 'DEFAULT ' || pg_get_expr(d.adbin, d.adrelid)" \
	"       ELSE format('GENERATED ALWAYS AS (%s) %s', pg_get_expr(d.adbin, d.adrelid)," \
	"                   CASE c.attgenerated WHEN 's' THEN 'STORED' ELSE 'VIRTUAL' END) END) AS definition," \
	NOT_NULL_NAME "," \
	" CASE WHEN c.attinhcount > 0 THEN" \
	"  CASE WHEN c.attislocal THEN 'yes, and its own' ELSE 'yes' END END AS inherited," \
	" CASE WHEN c.attstorage <> t.typstorage THEN" \
	"  CASE c.attstorage WHEN 'p' THEN 'plain' WHEN 'e' THEN 'external'" \
	"                    WHEN 'm' THEN 'main' ELSE 'extended' END END AS storage," \
	" CASE c.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END AS compression," \
	" nullif(c.attstattarget, -1) AS \"statistics target\"," \
	COLUMN_OPTIONS "," \
	SORTED("c.attfdwoptions") " AS \"options of the foreign column\"" \
	" FROM relation AS r JOIN pg_attribute AS c ON c.attrelid = r.oid AND c.attnum > 0 AND NOT c.attisdropped" \
	" JOIN pg_type AS t ON t.oid = c.atttypid" PARENT NOT_NULL_CONSTRAINT \
	" LEFT JOIN pg_attrdef AS d ON d.adrelid = c.attrelid AND d.adnum = c.attnum" \
	" WHERE r.relkind <> 'S'"

#define COLUMN_ORDER_ROWS \
	RELATIONS \
	"SELECT r.object, NULL, p.object," \
	" string_agg(quote_ident(c.attname), ', ' ORDER BY c.attnum) AS \"" MIG_SCHEMA_COLUMN_ORDER "\"" \
	" FROM relation AS r JOIN pg_attribute AS c ON c.attrelid = r.oid AND c.attnum > 0 AND NOT c.attisdropped" \
	PARENT "WHERE r.relkind IN ('r', 'p', 'f', 'c') GROUP BY r.object, p.object"

/* What is on a relation, as pg_identify_object() names it. */
#define ON(kind, name, relation) \
	"'" kind " ' || quote_ident(" name ") || ' on ' || " relation ".identity"

#define INHERITED_CONSTRAINT \
	" CASE WHEN c.conparentid <> 0 THEN " \
	ON("table constraint", "pc.conname", "pr") \
	"      WHEN c.coninhcount > 0 THEN " \
	ON("table constraint", "c.conname", "p") " END"

#define CONSTRAINT_ROWS \
	RELATIONS \
	"SELECT " ON("table constraint", "c.conname", "r") ", r.object," INHERITED_CONSTRAINT "," \
	" pg_get_constraintdef(c.oid) AS definition," \
	" CASE WHEN c.coninhcount > 0 THEN" \
	"  CASE WHEN c.conislocal THEN 'yes, and its own' ELSE 'yes' END END AS inherited," \
	" CASE c.contype WHEN 'f' THEN" \
	"  (SELECT string_agg(DISTINCT CASE t.tgenabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica'" \
	"                              ELSE 'always' END, ', ')" \
	"   FROM pg_trigger AS t WHERE t.tgconstraint = c.oid AND t.tgenabled <> 'O') END AS \"state of its triggers\"" \
	" FROM relation AS r JOIN pg_constraint AS c ON c.conrelid = r.oid" PARENT \
	" LEFT JOIN pg_constraint AS pc ON pc.oid = c.conparentid" \
	" LEFT JOIN relation AS pr ON pr.oid = pc.conrelid" \
	" WHERE c.contype NOT IN ('n', 't')"

/* The indexes of relations, that of a constraint being a part of it. */
#define INDEX_ROWS \
	RELATIONS \
	"SELECT 'index ' || quote_ident(n.nspname) || '.' || quote_ident(i.relname)," \
	" CASE WHEN c.oid IS NULL THEN r.object ELSE " ON("table constraint", "c.conname", "r") " END," \
	" 'index ' || h.inhparent::regclass," \
	" pg_get_indexdef(i.oid) AS definition," \
	" h.inhparent::regclass AS \"part of\"," \
	" CASE WHEN NOT x.indisvalid THEN 'no' END AS valid," \
	" CASE WHEN x.indisclustered THEN 'yes' END AS clustered," \
	" CASE WHEN x.indisreplident THEN 'yes' END AS \"replica identity\"," \
	" space.spcname AS tablespace" \
	" FROM relation AS r JOIN pg_index AS x ON x.indrelid = r.oid" \
	" JOIN pg_class AS i ON i.oid = x.indexrelid JOIN pg_namespace AS n ON n.oid = i.relnamespace" \
	" LEFT JOIN pg_constraint AS c ON c.conrelid = r.oid AND c.conindid = i.oid AND c.contype IN ('p', 'u', 'x')" \
	" LEFT JOIN pg_inherits AS h ON h.inhrelid = i.oid" \
	" LEFT JOIN pg_tablespace AS space ON space.oid = i.reltablespace"

#define INDEX_STATISTICS_ROWS \
	"SELECT 'index ' || c.attrelid::regclass, NULL, NULL," \
	" string_agg(c.attnum || ': ' || c.attstattarget, ', ' ORDER BY c.attnum) AS \"statistics targets\"" \
	" FROM pg_attribute AS c JOIN pg_class AS i ON i.oid = c.attrelid" \
	" WHERE i.relkind IN ('i', 'I') AND c.attstattarget >= 0 GROUP BY c.attrelid"

#define TRIGGER_ROWS \
	RELATIONS \
	"SELECT " ON("trigger", "t.tgname", "r") ", r.object, " ON("trigger", "pt.tgname", "pr") "," \
	" pg_get_triggerdef(t.oid) AS definition," STATE("t.tgenabled") \
	" FROM relation AS r JOIN pg_trigger AS t ON t.tgrelid = r.oid" \
	" LEFT JOIN pg_trigger AS pt ON pt.oid = t.tgparentid" \
	" LEFT JOIN relation AS pr ON pr.oid = pt.tgrelid WHERE NOT t.tgisinternal"

#define RULE_ROWS \
	RELATIONS \
	"SELECT " ON("rule", "w.rulename", "r") ", r.object, NULL," \
	" pg_get_ruledef(w.oid) AS definition," STATE("w.ev_enabled") \
	" FROM relation AS r JOIN pg_rewrite AS w ON w.ev_class = r.oid WHERE w.rulename <> '_RETURN'"

#define POLICY_ROWS \
	RELATIONS \
	"SELECT " ON("policy", "l.polname", "r") ", r.object, NULL," \
	" concat_ws(' ', CASE WHEN l.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END," \
	"  'FOR', CASE l.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE'" \
	"         WHEN 'd' THEN 'DELETE' ELSE 'ALL' END," \
	"  'TO', (SELECT string_agg(u.name, ', ' ORDER BY u.name COLLATE \"C\") FROM unnest(l.polroles) AS e," \
	"         LATERAL (SELECT CASE e WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(e)) END) AS u (name))," \
	"  'USING (' || pg_get_expr(l.polqual, l.polrelid) || ')'," \
	"  'WITH CHECK (' || pg_get_expr(l.polwithcheck, l.polrelid) || ')') AS definition" \
	" FROM relation AS r JOIN pg_policy AS l ON l.polrelid = r.oid"

#define SEQUENCE_ROWS \
	RELATIONS \
	"SELECT r.object, t.kind || ' column ' || t.identity || '.' || quote_ident(a.attname), NULL," \
	" format('AS %s START %s INCREMENT %s MINVALUE %s MAXVALUE %s CACHE %s%s', s.seqtypid::regtype," \
	"  s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache," \
	"  CASE WHEN s.seqcycle THEN ' CYCLE' END) AS definition," \
	OWNER("c.relowner") "," \
	" CASE c.relpersistence WHEN 'u' THEN 'unlogged' END AS persistence," \
	" t.identity || '.' || quote_ident(a.attname) AS \"owned by\"" \
	" FROM relation AS r JOIN pg_class AS c ON c.oid = r.oid JOIN pg_sequence AS s ON s.seqrelid = r.oid" \
	" LEFT JOIN pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.objid = r.oid AND d.objsubid = 0" \
	"  AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')" \
	" LEFT JOIN relation AS t ON t.oid = d.refobjid" \
	" LEFT JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid"

#define FOREIGN_TABLE_ROWS \
	RELATIONS \
	"SELECT r.object, NULL, NULL, s.srvname AS server," \
	SORTED("f.ftoptions") " AS \"options of the foreign table\"" \
	" FROM relation AS r JOIN pg_foreign_table AS f ON f.ftrelid = r.oid" \
	" JOIN pg_foreign_server AS s ON s.oid = f.ftserver"

#define STATISTICS_ROWS \
	RELATIONS \
	"SELECT i.type || ' ' || i.identity, r.object, NULL, pg_get_statisticsobjdef(o.oid) AS definition," \
	OWNER("o.stxowner") ", nullif(o.stxstattarget, -1) AS \"statistics target\"" \
	" FROM pg_statistic_ext AS o JOIN relation AS r ON r.oid = o.stxrelid," \
	" pg_identify_object('pg_statistic_ext'::regclass, o.oid, 0) AS i"

#define FUNCTION_ROWS \
	OBJECTS("pg_proc", \
	" CASE WHEN o.prokind <> 'a' THEN pg_get_functiondef(o.oid)" \
	" ELSE (SELECT (to_jsonb(g) - '{aggfnoid,aggtranstype,aggmtranstype,aggsortop}'::text[]" \
	"        || jsonb_build_object('aggtranstype', g.aggtranstype::regtype," \
	"            'aggmtranstype', g.aggmtranstype::regtype, 'aggsortop', g.aggsortop::regoperator," \
	"            'arguments', pg_get_function_arguments(o.oid)," \
	"            'result', pg_get_function_result(o.oid), 'parallel', o.proparallel))::text" \
	"       FROM pg_aggregate AS g WHERE g.aggfnoid = o.oid) END AS definition," \
	OWNER("o.proowner"))

#define TYPE_DEFINITION \
	" CASE o.typtype" \
	" WHEN 'c' THEN 'COMPOSITE'" \
	" WHEN 'e' THEN (SELECT concat('ENUM (', string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder), ')')" \
	"   FROM pg_enum AS e WHERE e.enumtypid = o.oid)" \
	" WHEN 'd' THEN concat_ws(' ', 'DOMAIN AS', format_type(o.typbasetype, o.typtypmod)," \
	"   CASE WHEN o.typcollation <> 0 THEN 'COLLATE ' || o.typcollation::regcollation END," \
	"   CASE WHEN o.typnotnull THEN 'NOT NULL' END, 'DEFAULT ' || pg_get_expr(o.typdefaultbin, 0))" \
	" WHEN 'r' THEN (SELECT format('RANGE OF %s COLLATION %s CLASS %s CANONICAL %s DIFF %s MULTIRANGE %s'," \
	"    g.rngsubtype::regtype, g.rngcollation::regcollation, " NAME_OF("pg_opclass", "g.rngsubopc") "," \
	"    g.rngcanonical, g.rngsubdiff, g.rngmultitypid::regtype) FROM pg_range AS g WHERE g.rngtypid = o.oid)" \
	" ELSE (to_jsonb(o) - '{oid,typname,typnamespace,typowner,typacl,typrelid,typarray,typbasetype," \
	"typelem,typcollation,typdefaultbin}'::text[])::text END AS definition,"

/* Row types, arrays and multiranges come with another type or a table. */
#define TYPE_ROWS \
	OBJECTS("pg_type", TYPE_DEFINITION OWNER("o.typowner")) \
	" AND o.typtype <> 'm' AND NOT EXISTS (SELECT FROM pg_type AS t WHERE t.typarray = o.oid)" \
	" AND (o.typrelid = 0 OR EXISTS (SELECT FROM pg_class AS c WHERE c.oid = o.typrelid AND c.relkind = 'c'))"

#define DOMAIN_CONSTRAINT_ROWS \
	"SELECT i.type || ' ' || i.identity, t.type || ' ' || t.identity, NULL, pg_get_constraintdef(o.oid) AS definition" \
	" FROM pg_constraint AS o," \
	" pg_identify_object('pg_constraint'::regclass, o.oid, 0) AS i," \
	" pg_identify_object('pg_type'::regclass, o.contypid, 0) AS t" \
	" WHERE o.contypid <> 0 AND o.contype = 'c' AND " BY_USERS("pg_type", "o.contypid") \
	" AND " NOT_TEMPORARY("t.identity")

/* What the catalog says of an object, without what is said elsewhere. */
#define ROW_WITHOUT(columns) \
	"(to_jsonb(o) - '{oid," columns "}'::text[])::text AS definition"

/*
 * Privileges that are not as when the object was made: by initdb or an
 * extension, which left a record, or by whoever else, with the default ones.
 * A list that is empty or written out is the same as the default that it says.
 */
#define ACL(class, kind, acl, owner) \
	"SELECT '" class "'::regclass AS classoid, o.oid AS objoid, 0 AS objsubid, o." acl " AS acl," \
	" acldefault(" kind ", o." owner ") AS preset FROM " class " AS o WHERE o." acl " IS NOT NULL"

#define PRIVILEGE_ROWS \
	"WITH granted AS (" \
	ACL("pg_class", "CASE o.relkind WHEN 'S' THEN 's' ELSE 'r' END::\"char\"", "relacl", "relowner") \
	" UNION ALL SELECT 'pg_class'::regclass, c.attrelid, c.attnum, c.attacl, acldefault('c', r.relowner)" \
	" FROM pg_attribute AS c JOIN pg_class AS r ON r.oid = c.attrelid" \
	" WHERE c.attacl IS NOT NULL AND NOT c.attisdropped" \
	" UNION ALL " ACL("pg_proc", "'f'", "proacl", "proowner") \
	" UNION ALL " ACL("pg_type", "'T'", "typacl", "typowner") \
	" UNION ALL " ACL("pg_namespace", "'n'", "nspacl", "nspowner") \
	" UNION ALL " ACL("pg_language", "'l'", "lanacl", "lanowner") \
	" UNION ALL " ACL("pg_foreign_data_wrapper", "'F'", "fdwacl", "fdwowner") \
	" UNION ALL " ACL("pg_foreign_server", "'S'", "srvacl", "srvowner") \
	" UNION ALL " ACL("pg_database", "'d'", "datacl", "datdba") " AND o.datname = current_database()" \
	") SELECT CASE i.type WHEN 'database' THEN 'database' ELSE i.type || ' ' || i.identity END, NULL, NULL," \
	" coalesce(s.now, 'none') AS \"" MIG_SCHEMA_PRIVILEGES "\"" \
	" FROM granted AS g LEFT JOIN pg_init_privs AS p USING (classoid, objoid, objsubid)," \
	" LATERAL (SELECT " SORTED("g.acl") " AS now, " SORTED("coalesce(p.initprivs, g.preset)") " AS before) AS s," \
	" pg_identify_object(g.classoid, g.objoid, g.objsubid) AS i" \
	" WHERE s.now IS DISTINCT FROM s.before AND " NOT_TEMPORARY("i.identity")

/*
 * Aspects of objects that are left out are dropped later, so these need not
 * tell them apart.
 */
#define COMMENT_ROWS \
	"SELECT i.type || ' ' || i.identity, NULL, NULL, o.description AS comment" \
	" FROM pg_description AS o, pg_identify_object(o.classoid, o.objoid, o.objsubid) AS i" \
	" WHERE o.objoid >= 16384 OR o.classoid IN ('pg_namespace'::regclass, 'pg_extension'::regclass)"

#define SECURITY_LABEL_ROWS \
	"SELECT i.type || ' ' || i.identity, NULL, NULL," \
	" string_agg(o.provider || ': ' || o.label, ', ' ORDER BY o.provider COLLATE \"C\") AS \"security labels\"" \
	" FROM pg_seclabel AS o, pg_identify_object(o.classoid, o.objoid, o.objsubid) AS i" \
	" GROUP BY i.type, i.identity"

MigQuery	mig_schema_queries[] = {
	{RELATION_ROWS},
	{COLUMN_ROWS},
	{COLUMN_ORDER_ROWS},
	{CONSTRAINT_ROWS},
	{INDEX_ROWS},
	{INDEX_STATISTICS_ROWS},
	{TRIGGER_ROWS},
	{RULE_ROWS},
	{POLICY_ROWS},
	{SEQUENCE_ROWS},
	{FOREIGN_TABLE_ROWS},
	{STATISTICS_ROWS},
	{FUNCTION_ROWS},
	{TYPE_ROWS},
	{DOMAIN_CONSTRAINT_ROWS},

	/* operators, their classes, and what else extends the language */
	{OBJECTS("pg_operator",
			 "format('%s COMMUTATOR %s NEGATOR %s RESTRICT %s JOIN %s HASHES %s MERGES %s',"
			 " o.oprcode::regprocedure, o.oprcom::regoperator, o.oprnegate::regoperator,"
			 " o.oprrest, o.oprjoin, o.oprcanhash, o.oprcanmerge) AS definition,"
			 OWNER("o.oprowner"))},
	{OBJECTS("pg_opclass",
			 "format('FOR TYPE %s%s STORAGE %s FAMILY %s', o.opcintype::regtype,"
			 " CASE WHEN o.opcdefault THEN ' DEFAULT' END, o.opckeytype::regtype, "
			 NAME_OF("pg_opfamily", "o.opcfamily") ") AS definition," OWNER("o.opcowner"))},
	{OBJECTS("pg_opfamily",
			 "'operator family' AS definition," OWNER("o.opfowner") ","
			 "(SELECT string_agg(format('%s %s', p.amopstrategy, p.amopopr::regoperator), ', '"
			 "  ORDER BY p.amoplefttype, p.amoprighttype, p.amopstrategy, p.amoppurpose)"
			 " FROM pg_amop AS p WHERE p.amopfamily = o.oid) AS operators,"
			 "(SELECT string_agg(format('%s %s', p.amprocnum, p.amproc::regprocedure), ', '"
			 "  ORDER BY p.amproclefttype, p.amprocrighttype, p.amprocnum)"
			 " FROM pg_amproc AS p WHERE p.amprocfamily = o.oid) AS functions")},
	{OBJECTS("pg_cast",
			 "format('CONTEXT %s METHOD %s FUNCTION %s', o.castcontext, o.castmethod,"
			 " o.castfunc::regprocedure) AS definition")},
	{OBJECTS("pg_transform",
			 "format('FROM SQL %s TO SQL %s', o.trffromsql::regprocedure, o.trftosql::regprocedure) AS definition")},
	{OBJECTS("pg_am", "format('TYPE %s HANDLER %s', o.amtype, o.amhandler) AS definition")},
	{OBJECTS("pg_language",
			 "format('TRUSTED %s HANDLER %s INLINE %s VALIDATOR %s', o.lanpltrusted, o.lanplcallfoid::regproc,"
			 " o.laninline::regproc, o.lanvalidator::regproc) AS definition," OWNER("o.lanowner"))},
	{OBJECTS("pg_collation",
			 ROW_WITHOUT("collname,collnamespace,collowner,collversion") "," OWNER("o.collowner"))},
	{OBJECTS("pg_conversion",
			 "format('FOR %s TO %s FROM %s DEFAULT %s', pg_encoding_to_char(o.conforencoding),"
			 " pg_encoding_to_char(o.contoencoding), o.conproc, o.condefault) AS definition,"
			 OWNER("o.conowner"))},

	/* text search */
	{OBJECTS("pg_ts_config",
			 "'PARSER ' || " NAME_OF("pg_ts_parser", "o.cfgparser") " AS definition," OWNER("o.cfgowner") ","
			 "(SELECT string_agg(m.maptokentype || ': ' || m.mapdict::regdictionary, ', '"
			 "  ORDER BY m.maptokentype, m.mapseqno) FROM pg_ts_config_map AS m WHERE m.mapcfg = o.oid) AS mapping")},
	{OBJECTS("pg_ts_dict",
			 "concat_ws(' ', 'TEMPLATE', " NAME_OF("pg_ts_template", "o.dicttemplate") ", 'OPTIONS',"
			 " o.dictinitoption) AS definition," OWNER("o.dictowner"))},
	{OBJECTS("pg_ts_parser",
			 "concat_ws(' ', o.prsstart, o.prstoken, o.prsend, o.prsheadline, o.prslextype) AS definition")},
	{OBJECTS("pg_ts_template", "concat_ws(' ', o.tmplinit, o.tmpllexize) AS definition")},

	/* what is in the database and in no schema */
	{"SELECT 'database', NULL, NULL, 'database' AS definition," OWNER("o.datdba") ","
	 " nullif(o.datconnlimit, -1) AS \"connection limit\","
	 " shobj_description(o.oid, 'pg_database') AS comment"
	 " FROM pg_database AS o WHERE o.datname = current_database()"},
	{"SELECT 'settings of the database' || coalesce(' for role ' || pg_get_userbyid(nullif(s.setrole, 0)), ''), NULL, NULL,"
	 SORTED("s.setconfig") " AS definition"
	 " FROM pg_db_role_setting AS s JOIN pg_database AS o ON o.oid = s.setdatabase"
	 " WHERE o.datname = current_database()"},
	{"SELECT 'schema ' || quote_ident(o.nspname), NULL, NULL, 'schema' AS definition," OWNER("o.nspowner")
	 " FROM pg_namespace AS o WHERE (o.nspname = 'public' OR " BY_USERS("pg_namespace", "o.oid") ")"
	 " AND o.nspname !~ '^pg_(temp|toast)'"},
	{"SELECT 'extension ' || quote_ident(o.extname), NULL, NULL,"
	 " format('VERSION %s SCHEMA %s', o.extversion, o.extnamespace::regnamespace) AS definition"
	 " FROM pg_extension AS o"},
	{OBJECTS("pg_event_trigger",
			 "format('ON %s EXECUTE FUNCTION %s TAGS %s', o.evtevent, o.evtfoid::regprocedure, "
			 SORTED("o.evttags") ") AS definition," STATE("o.evtenabled") "," OWNER("o.evtowner"))},
	{OBJECTS("pg_default_acl", SORTED("o.defaclacl") " AS definition")},

	/* foreign data */
	{OBJECTS("pg_foreign_data_wrapper",
			 "format('HANDLER %s VALIDATOR %s', o.fdwhandler::regproc, o.fdwvalidator::regproc) AS definition,"
			 SORTED("o.fdwoptions") " AS options," OWNER("o.fdwowner"))},
	{OBJECTS("pg_foreign_server",
			 "(SELECT concat_ws(' ', 'FOREIGN DATA WRAPPER', w.fdwname, 'TYPE ' || o.srvtype,"
			 "  'VERSION ' || o.srvversion) FROM pg_foreign_data_wrapper AS w WHERE w.oid = o.srvfdw) AS definition,"
			 SORTED("o.srvoptions") " AS options," OWNER("o.srvowner"))},
	{"SELECT i.type || ' ' || i.identity, 'server ' || quote_ident(o.srvname), NULL,"
	 " 'OPTIONS ' || (SELECT coalesce(string_agg(split_part(e, '=', 1), ', ' ORDER BY e COLLATE \"C\"), 'none')"
	 " FROM unnest(o.umoptions) AS e) AS definition"
	 " FROM pg_user_mappings AS o, pg_identify_object('pg_user_mapping'::regclass, o.umid, 0) AS i"},

	/* replication */
	{OBJECTS("pg_publication", ROW_WITHOUT("pubname,pubowner") "," OWNER("o.pubowner"))},
	{RELATIONS
	 "SELECT i.type || ' ' || i.identity, 'publication ' || quote_ident(u.pubname), r.object,"
	 " concat_ws(' ', 'TABLE', '(' || (SELECT string_agg(quote_ident(c.attname), ', ' ORDER BY c.attname)"
	 "   FROM pg_attribute AS c WHERE c.attrelid = o.prrelid AND c.attnum = ANY (o.prattrs)) || ')',"
	 "  'WHERE ' || pg_get_expr(o.prqual, o.prrelid)) AS definition"
	 " FROM pg_publication_rel AS o JOIN pg_publication AS u ON u.oid = o.prpubid"
	 " JOIN relation AS r ON r.oid = o.prrelid,"
	 " pg_identify_object('pg_publication_rel'::regclass, o.oid, 0) AS i"},
	{"SELECT i.type || ' ' || i.identity, 'publication ' || quote_ident(u.pubname),"
	 " 'schema ' || o.pnnspid::regnamespace, 'SCHEMA' AS definition"
	 " FROM pg_publication_namespace AS o JOIN pg_publication AS u ON u.oid = o.pnpubid,"
	 " pg_identify_object('pg_publication_namespace'::regclass, o.oid, 0) AS i"},
	{"SELECT 'subscription ' || quote_ident(o.subname), NULL, NULL,"
	 " format('PUBLICATION %s ENABLED %s BINARY %s STREAMING %s TWO_PHASE %s DISABLE_ON_ERROR %s"
	 " SLOT_NAME %s SYNCHRONOUS_COMMIT %s', " SORTED("o.subpublications") ", o.subenabled, o.subbinary,"
	 " o.substream, o.subtwophasestate, o.subdisableonerr, o.subslotname, o.subsynccommit) AS definition,"
	 OWNER("o.subowner") " FROM pg_subscription AS o JOIN pg_database AS d ON d.oid = o.subdbid"
	 " WHERE d.datname = current_database()"},

	/* what any object can have */
	{PRIVILEGE_ROWS},
	{COMMENT_ROWS},
	{SECURITY_LABEL_ROWS},
};

const int	mig_schema_query_count = lengthof(mig_schema_queries);
