/*-------------------------------------------------------------------------
 *
 * shadow_find.c
 *	  The catalog as the statements of a set will have left it: finding
 *	  relations, and moving them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "nodes/makefuncs.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "guc.h"
#include "shadow.h"

typedef struct NameKey
{
	char		schema[NAMEDATALEN];
	char		name[NAMEDATALEN];
} NameKey;

typedef struct NameEntry
{
	NameKey		key;			/* must be first */
	MigRel	   *rel;			/* NULL: there is none of this name */
} NameEntry;

typedef struct OidEntry
{
	Oid			oid;			/* must be first */
	MigRel	   *rel;
} OidEntry;

/*
 * Finding
 */

/* An empty shadow; it lives in the current memory context. */
MigShadow *
mig_shadow_create(bool assume_large)
{
	MigShadow  *shadow = palloc0(sizeof(MigShadow));
	HASHCTL		names = {0};
	HASHCTL		oids = {0};

	shadow->context = CurrentMemoryContext;
	shadow->assume_large = assume_large;
	shadow->transaction = 1;
	names.keysize = sizeof(NameKey);
	names.entrysize = sizeof(NameEntry);
	names.hcxt = CurrentMemoryContext;
	shadow->names = hash_create("migrate shadow names", 256, &names,
								HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	oids.keysize = sizeof(Oid);
	oids.entrysize = sizeof(OidEntry);
	oids.hcxt = CurrentMemoryContext;
	shadow->oids = hash_create("migrate shadow OIDs", 256, &oids,
							   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	mig_shadow_begin_session(shadow);
	return shadow;
}

/* The entry of a name, made if it is not there; 'found' says if it was. */
static NameEntry *
name_entry(MigShadow *shadow, const char *schema, const char *name, bool *found)
{
	NameKey		key;

	memset(&key, 0, sizeof(key));
	strlcpy(key.schema, schema, NAMEDATALEN);
	strlcpy(key.name, name, NAMEDATALEN);
	return hash_search(shadow->names, &key, HASH_ENTER, found);
}

/* The relation with that OID, as the set has left it; NULL: there is none. */
MigRel *
mig_shadow_of_oid(MigShadow *shadow, Oid oid)
{
	bool		found;
	OidEntry   *entry = hash_search(shadow->oids, &oid, HASH_ENTER, &found);

	if (!found)
	{
		MemoryContext caller = MemoryContextSwitchTo(shadow->context);
		MigRel	   *rel = palloc0(sizeof(MigRel));
		NameEntry  *name;

		rel->shadow = shadow;
		rel->oid = oid;
		/* before it is loaded: an index and its table name each other */
		entry->rel = rel;
		mig_shadow_load(rel);
		if (rel->name == NULL)
			((OidEntry *) hash_search(shadow->oids, &oid, HASH_FIND, NULL))->rel = NULL;
		else
		{
			name = name_entry(shadow, rel->schema, rel->name, &found);
			if (!found)
				name->rel = rel;
		}
		MemoryContextSwitchTo(caller);
		return rel->name ? rel : NULL;
	}
	return entry->rel != NULL && !entry->rel->dropped ? entry->rel : NULL;
}

/* The relation of that name in one schema; NULL: there is none. */
static MigRel *
find_in_schema(MigShadow *shadow, const char *schema, const char *name)
{
	bool		found;
	NameEntry  *entry = name_entry(shadow, schema, name, &found);
	const char *was;
	Oid			namespace;
	Oid			oid;

	if (found)
		return entry->rel;
	entry->rel = NULL;
	was = mig_shadow_schema_was(shadow, schema);
	if (was == NULL)
		return NULL;
	namespace = get_namespace_oid(was, true);
	oid = OidIsValid(namespace) ? get_relname_relid(name, namespace) : InvalidOid;
	if (OidIsValid(oid))
	{
		MigRel	   *rel = mig_shadow_of_oid(shadow, oid);

		/* what the set has moved away is known by its OID already */
		if (rel != NULL && strcmp(rel->name, name) == 0 &&
			strcmp(rel->schema, schema) == 0)
			name_entry(shadow, schema, name, &found)->rel = rel;
	}
	return name_entry(shadow, schema, name, &found)->rel;
}

/* The relation of that name; schema NULL: the first one of the path. */
MigRel *
mig_shadow_find_named(MigShadow *shadow, const char *schema, const char *name)
{
	ListCell   *lc;

	if (schema != NULL)
		return find_in_schema(shadow, schema, name);
	foreach(lc, shadow->path)
	{
		MigRel	   *rel = find_in_schema(shadow, lfirst(lc), name);

		if (rel != NULL)
			return rel;
	}
	return NULL;
}

/* The schema in which a new relation of that name would be made. */
const char *
mig_shadow_creation_schema(MigShadow *shadow, const RangeVar *name)
{
	ListCell   *lc;

	if (name->schemaname != NULL)
		return name->schemaname;
	if (name->relpersistence == RELPERSISTENCE_TEMP)
		return "pg_temp";
	foreach(lc, shadow->path)
	{
		const char *schema = lfirst(lc);

		if (strcmp(schema, "pg_catalog") != 0 &&
			mig_shadow_schema_exists(shadow, schema))
			return schema;
	}
	return "public";
}

/* A relation that is nowhere, taken for a large one that is. */
static MigRel *
assume(MigShadow *shadow, const char *schema, const char *name, char kind)
{
	MigRel	   *rel = mig_shadow_put(shadow, schema, name, kind);

	rel->assumed = true;
	rel->created_in = 0;
	return rel;
}

/*
 * The relation that a statement names.  NULL: there is none, neither here nor
 * made by the set.  Where large ones are assumed, there is one of
 * 'assumed_kind'; 0 assumes none.
 */
MigRel *
mig_shadow_find(MigShadow *shadow, const RangeVar *name, char assumed_kind)
{
	MigRel	   *rel = NULL;

	if (name->schemaname == NULL)
		rel = mig_shadow_find_named(shadow, "pg_temp", name->relname);
	if (rel == NULL)
		rel = mig_shadow_find_named(shadow, name->schemaname, name->relname);
	if (rel == NULL && assumed_kind != 0 && shadow->assume_large)
		rel = assume(shadow, mig_shadow_creation_schema(shadow, name),
					 name->relname, assumed_kind);
	return rel;
}

/* The same for a name as a list of its parts. */
MigRel *
mig_shadow_find_list(MigShadow *shadow, List *names, char assumed_kind)
{
	if (list_length(names) > 3)
		return NULL;
	return mig_shadow_find(shadow, makeRangeVarFromNameList(names),
						   assumed_kind);
}

/* All relations that the shadow has come across and that are there. */
List *
mig_shadow_relations(MigShadow *shadow)
{
	List	   *result = NIL;
	HASH_SEQ_STATUS status;
	NameEntry  *entry;

	hash_seq_init(&status, shadow->names);
	while ((entry = hash_seq_search(&status)) != NULL)
	{
		if (entry->rel != NULL)
			result = lappend(result, entry->rel);
	}
	return result;
}

/*
 * Changing
 */

/* Appends to a list that is kept as long as the shadow is. */
void
mig_shadow_append(MigShadow *shadow, List **list, void *item)
{
	MemoryContext caller = MemoryContextSwitchTo(shadow->context);

	*list = lappend(*list, item);
	MemoryContextSwitchTo(caller);
}

void
mig_shadow_append_int(MigShadow *shadow, List **list, int item)
{
	MemoryContext caller = MemoryContextSwitchTo(shadow->context);

	*list = lappend_int(*list, item);
	MemoryContextSwitchTo(caller);
}

/* A copy of a node of a script's tree, which goes before the shadow does. */
void *
mig_shadow_keep(MigShadow *shadow, const void *node)
{
	MemoryContext caller = MemoryContextSwitchTo(shadow->context);
	void	   *copy = copyObjectImpl(node);

	MemoryContextSwitchTo(caller);
	return copy;
}

/* A new relation, made by the current transaction of the set. */
MigRel *
mig_shadow_put(MigShadow *shadow, const char *schema, const char *name, char kind)
{
	MemoryContext caller = MemoryContextSwitchTo(shadow->context);
	MigRel	   *rel = palloc0(sizeof(MigRel));
	bool		found;

	rel->shadow = shadow;
	rel->schema = pstrdup(schema);
	rel->name = pstrdup(name);
	rel->kind = kind;
	rel->persistence = strcmp(schema, "pg_temp") == 0 ?
		RELPERSISTENCE_TEMP : RELPERSISTENCE_PERMANENT;
	rel->created_in = shadow->transaction;
	rel->replica_identity = RELKIND_HAS_TABLE_AM(kind) ||
		kind == RELKIND_PARTITIONED_TABLE ?
		REPLICA_IDENTITY_DEFAULT : REPLICA_IDENTITY_NOTHING;
	rel->populated = true;
	rel->columns_read = rel->constraints_read = true;
	rel->indexes_read = rel->size_read = true;
	rel->parents_read = rel->children_read = true;
	rel->default_read = rel->sources_read = true;
	name_entry(shadow, schema, name, &found)->rel = rel;
	MemoryContextSwitchTo(caller);
	return rel;
}

/* The relation is not there any more. */
void
mig_shadow_remove(MigRel *rel)
{
	bool		found;

	rel->dropped = true;
	name_entry(rel->shadow, rel->schema, rel->name, &found)->rel = NULL;
}

/* The relation gets another name, another schema or both; NULL: as it was. */
void
mig_shadow_move(MigRel *rel, const char *schema, const char *name)
{
	MigShadow  *shadow = rel->shadow;
	bool		found;

	name_entry(shadow, rel->schema, rel->name, &found)->rel = NULL;
	if (schema != NULL)
		rel->schema = MemoryContextStrdup(shadow->context, schema);
	if (name != NULL)
		rel->name = MemoryContextStrdup(shadow->context, name);
	name_entry(shadow, rel->schema, rel->name, &found)->rel = rel;
}

/* A new last column; the caller fills in what it is. */
MigColumn *
mig_rel_add_column(MigRel *rel, const char *name)
{
	List	   *columns = mig_rel_columns(rel);
	MemoryContext caller = MemoryContextSwitchTo(rel->shadow->context);
	MigColumn  *column = palloc0(sizeof(MigColumn));

	column->name = pstrdup(name);
	column->attnum = list_length(columns) + 1;
	column->typmod = -1;
	column->created_in = rel->shadow->transaction;
	rel->columns = lappend(columns, column);
	MemoryContextSwitchTo(caller);
	return column;
}

/* A new constraint; the caller fills in what it says. */
MigConstraint *
mig_rel_add_constraint(MigRel *rel, const char *name, char type)
{
	List	   *constraints = mig_rel_constraints(rel);
	MemoryContext caller = MemoryContextSwitchTo(rel->shadow->context);
	MigConstraint *constraint = palloc0(sizeof(MigConstraint));

	constraint->name = name ? pstrdup(name) : NULL;
	constraint->type = type;
	constraint->valid = true;
	constraint->enforced = true;
	constraint->created_in = rel->shadow->transaction;
	rel->constraints = lappend(constraints, constraint);
	MemoryContextSwitchTo(caller);
	return constraint;
}

/*
 * Words and verdicts
 */

/* schema.name as SQL has it: people paste it, and cast it to regclass. */
const char *
mig_rel_label(const MigRel *rel)
{
	return quote_qualified_identifier(rel->schema, rel->name);
}

/* The same of a column or constraint of it: public.orders."Total". */
const char *
mig_rel_part_label(const MigRel *rel, const char *part)
{
	return psprintf("%s.%s", mig_rel_label(rel), quote_identifier(part));
}

/* The same with its size: "public.orders (3277 MB)". */
const char *
mig_rel_sized_label(MigRel *rel)
{
	Datum		size;

	if (rel->assumed || mig_rel_is_new(rel))
		return mig_rel_label(rel);
	size = DirectFunctionCall1(pg_size_pretty, Int64GetDatum(mig_rel_bytes(rel)));
	return psprintf("%s (%s)", mig_rel_label(rel), TextDatumGetCString(size));
}

/* Does the set make it? */
bool
mig_rel_is_new(const MigRel *rel)
{
	return rel->created_in != 0;
}

/* Does nobody else see it yet? */
bool
mig_rel_is_invisible(const MigRel *rel)
{
	return rel->persistence == RELPERSISTENCE_TEMP ||
		rel->created_in == rel->shadow->transaction;
}

/* Has it no rows, as far as can be told? */
bool
mig_rel_is_empty(MigRel *rel)
{
	if (rel->assumed || rel->filled)
		return false;
	return mig_rel_is_new(rel) || mig_rel_bytes(rel) == 0;
}

/* Is it so small that reading or rewriting it does not matter? */
bool
mig_rel_is_small(MigRel *rel)
{
	if (rel->assumed)
		return false;
	return mig_rel_bytes(rel) <= mig_lint_small_bytes ||
		mig_rel_rows(rel) <= mig_lint_small_rows;
}

bool
mig_rel_has_storage(const MigRel *rel)
{
	return RELKIND_HAS_STORAGE(rel->kind);
}
