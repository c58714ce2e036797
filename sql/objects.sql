-- What the extension consists of: every object is described, nothing is
-- granted but what must be, and a dump keeps all user data.
CREATE EXTENSION migrate;

CREATE VIEW pg_temp.members AS
    SELECT classid, objid, pg_describe_object(classid, objid, 0) AS object
    FROM pg_depend
    WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
      AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'migrate')
      -- which of the types that come with others are members depends on the version
      AND NOT (classid = 'pg_type'::regclass AND EXISTS (
          SELECT FROM pg_type AS t LEFT JOIN pg_class AS c ON c.oid = t.typrelid
          WHERE t.oid = objid AND (t.typelem <> 0 OR c.relkind <> 'c')));

-- The list itself
SELECT object FROM pg_temp.members ORDER BY object COLLATE "C";

-- Everything lives in the schema of the extension.
SELECT object FROM pg_temp.members,
       LATERAL pg_identify_object(classid, objid, 0) AS i
WHERE i.schema IS DISTINCT FROM 'migrate' AND object <> 'schema migrate';

-- Every member has a comment, and so has every index and sequence beneath.
SELECT object FROM pg_temp.members
WHERE coalesce(obj_description(objid, classid::regclass::name), '') = '';
SELECT oid::regclass FROM pg_class
WHERE relnamespace = 'migrate'::regnamespace AND relkind = 'S'
  AND obj_description(oid, 'pg_class') IS NULL;
SELECT obj_description(oid, 'pg_extension') IS NOT NULL AS extension_described
FROM pg_extension WHERE extname = 'migrate';

-- Comments are sentences about the thing, none twice.
SELECT obj_description(objid, classid::regclass::name) AS comment, count(*)
FROM pg_temp.members GROUP BY 1 HAVING count(*) > 1;

-- What PUBLIC may do: look into the schema, and call the one function that
-- looks at the grants of its view by itself.  The sequences and tables have
-- no grants at all.
SELECT 'schema' AS kind, nspname::text AS object, privilege_type
FROM pg_namespace, aclexplode(nspacl)
WHERE nspname = 'migrate' AND grantee = 0
UNION ALL
SELECT 'relation', relname, privilege_type
FROM pg_class, aclexplode(coalesce(relacl, acldefault('r', relowner)))
WHERE relnamespace = 'migrate'::regnamespace AND relkind IN ('r', 'v') AND grantee = 0
UNION ALL
SELECT 'sequence', relname, privilege_type
FROM pg_class, aclexplode(coalesce(relacl, acldefault('s', relowner)))
WHERE relnamespace = 'migrate'::regnamespace AND relkind = 'S' AND grantee = 0
UNION ALL
SELECT 'function', oid::regprocedure::text, privilege_type
FROM pg_proc, aclexplode(coalesce(proacl, acldefault('f', proowner)))
WHERE pronamespace = 'migrate'::regnamespace AND grantee = 0
ORDER BY 1, 2, 3;

-- Nobody but the owner has anything else.
SELECT count(*) AS foreign_grants
FROM (SELECT nspacl AS acl, nspowner AS owner FROM pg_namespace WHERE nspname = 'migrate'
      UNION ALL
      SELECT relacl, relowner FROM pg_class WHERE relnamespace = 'migrate'::regnamespace
      UNION ALL
      SELECT proacl, proowner FROM pg_proc WHERE pronamespace = 'migrate'::regnamespace) AS o,
     aclexplode(o.acl) AS a
WHERE a.grantee NOT IN (0, o.owner);

-- A function that runs with the rights of its owner pins its search_path.
SELECT oid::regprocedure, proconfig
FROM pg_proc WHERE pronamespace = 'migrate'::regnamespace AND prosecdef;

-- Every table and sequence goes into a dump, whole.
SELECT c.oid::regclass AS not_dumped
FROM pg_class c
WHERE c.relnamespace = 'migrate'::regnamespace AND c.relkind IN ('r', 'S')
  AND NOT EXISTS (SELECT FROM pg_extension e WHERE e.extname = 'migrate' AND c.oid = ANY (e.extconfig));
SELECT DISTINCT unnest(extcondition) AS condition FROM pg_extension WHERE extname = 'migrate';

-- It cannot be moved, and one installation is all there can be.
ALTER EXTENSION migrate SET SCHEMA public;
CREATE EXTENSION migrate;
CREATE EXTENSION migrate SCHEMA public;

-- Settings are known once the library is loaded; no others may use the prefix.
SELECT * FROM migrate.status();
SHOW migrate.project;
SHOW migrate.out_of_order;
SET migrate.out_of_order = 'sometimes';
SET migrate.project = '';
SET migrate.no_such_setting = 1;

DROP VIEW pg_temp.members;
DROP EXTENSION migrate;
SELECT count(*) AS left_behind FROM pg_namespace WHERE nspname = 'migrate';

-- A schema of that name that was there before stops the installation.
CREATE SCHEMA migrate;
\set SHOW_CONTEXT never
CREATE EXTENSION migrate;
DROP SCHEMA migrate;
