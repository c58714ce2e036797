/*-------------------------------------------------------------------------
 *
 * shadow_make.c
 *	  Making columns, constraints and indexes of the shadow, with the names
 *	  that the server would choose.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/index.h"
#include "catalog/namespace.h"
#include "catalog/pg_am.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_index.h"
#include "catalog/pg_opclass.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "parser/parse_target.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "compat.h"
#include "facts.h"
#include "shadow_make.h"
#include "shadow_query.h"

/*
 * Names, as ChooseRelationName() and ChooseConstraintName() of the server
 * choose them
 */

char *
mig_make_relation_name(MigShadow *shadow, const char *schema,
					   const char *name1, const char *name2, const char *label)
{
	const char *numbered = label;

	for (int pass = 1;; pass++)
	{
		char	   *name = makeObjectName(name1, name2, numbered);

		if (mig_shadow_find_named(shadow, schema, name) == NULL)
			return name;
		numbered = psprintf("%s%d", label, pass);
	}
}

/* Is the name that of another table's constraint in the catalog? */
static bool
is_constraint_elsewhere(MigRel *rel, const char *name)
{
	const char *was = mig_shadow_schema_was(rel->shadow, rel->schema);
	Oid			namespace = was ? get_namespace_oid(was, true) : InvalidOid;

	return OidIsValid(namespace) && ConstraintNameExists(name, namespace) &&
		(!OidIsValid(rel->oid) ||
		 !OidIsValid(get_relation_constraint_oid(rel->oid, name, true)));
}

static char *
constraint_name(MigRel *rel, const char *name2, const char *label)
{
	const char *numbered = label;

	for (int pass = 1;; pass++)
	{
		char	   *name = makeObjectName(rel->name, name2, numbered);

		if (mig_rel_constraint(rel, name) == NULL &&
			!is_constraint_elsewhere(rel, name))
			return name;
		numbered = psprintf("%s%d", label, pass);
	}
}

/* The columns of a key, joined as the server joins them for a name. */
static char *
joined_names(List *names)
{
	StringInfoData joined;
	ListCell   *lc;

	initStringInfo(&joined);
	foreach(lc, names)
	{
		if (joined.len > 0)
			appendStringInfoChar(&joined, '_');
		appendStringInfoString(&joined, lfirst(lc));
		if (joined.len >= NAMEDATALEN)
			break;
	}
	return joined.data;
}

/* Column names of an index, each of them once. */
static List *
index_column_names(List *names)
{
	List	   *result = NIL;
	ListCell   *lc;
	ListCell   *each;

	foreach(lc, names)
	{
		const char *name = lfirst(lc);
		const char *candidate = name;
		bool		again = true;

		for (int i = 1; again; i++)
		{
			again = false;
			foreach(each, result)
				again |= strcmp(lfirst(each), candidate) == 0;
			if (again)
				candidate = psprintf("%s%d", name, i);
		}
		result = lappend(result, (char *) candidate);
	}
	return result;
}

static char *
index_name(MigRel *table, List *names, bool primary, bool exclusion,
		   bool constraint)
{
	const char *joined = joined_names(index_column_names(names));

	return mig_make_relation_name(table->shadow, table->schema, table->name,
								  primary ? NULL : joined,
								  primary ? "pkey" :
								  exclusion ? "excl" :
								  constraint ? "key" : "idx");
}

/*
 * Columns
 */

/* Is a sequence behind it, that only a definition knows? */
static Oid
serial_type(const TypeName *name)
{
	static const struct
	{
		const char *name;
		Oid			type;
	}			types[] = {
		{"smallserial", INT2OID}, {"serial2", INT2OID},
		{"serial", INT4OID}, {"serial4", INT4OID},
		{"bigserial", INT8OID}, {"serial8", INT8OID}
	};

	if (name == NULL || list_length(name->names) != 1 || name->pct_type)
		return InvalidOid;
	for (int i = 0; i < lengthof(types); i++)
	{
		if (strcmp(strVal(linitial(name->names)), types[i].name) == 0)
			return types[i].type;
	}
	return InvalidOid;
}

/* The sequence of a serial or identity column. */
void
mig_make_serial(MigRel *rel, MigColumn *column)
{
	char	   *name = mig_make_relation_name(rel->shadow, rel->schema,
											  rel->name, column->name, "seq");

	MigRel	   *sequence = mig_shadow_put(rel->shadow, rel->schema, name,
										  RELKIND_SEQUENCE);

	sequence->persistence = rel->persistence;
	mig_rel_own(sequence, rel, column->attnum);
}

/* The column has no nulls; from 18 on, a constraint says so. */
void
mig_make_not_null(MigRel *rel, MigColumn *column, const char *name, bool valid)
{
	MigConstraint *constraint;

	if (column->not_null)
		return;
	column->not_null = valid;
	if (!mig_not_null_is_constraint)
		return;
	if (name == NULL)
		name = constraint_name(rel, column->name, "not_null");
	constraint = mig_rel_add_constraint(rel, name, CONSTRAINT_NOTNULL);
	constraint->valid = valid;
	mig_shadow_append_int(rel->shadow, &constraint->columns, column->attnum);
}

/* What a constraint of a column's definition says of the column itself. */
static void
set_column(MigRel *rel, MigColumn *column, Constraint *constraint)
{
	switch (constraint->contype)
	{
		case CONSTR_NOTNULL:
			mig_make_not_null(rel, column, constraint->conname, true);
			break;
		case CONSTR_DEFAULT:
			column->has_default = true;
			break;
		case CONSTR_IDENTITY:
			column->identity = constraint->generated_when;
			mig_make_not_null(rel, column, NULL, true);
			mig_make_serial(rel, column);
			break;
		case CONSTR_GENERATED:
			column->generated = mig_generated_is_virtual(constraint) ? 'v' :
				ATTRIBUTE_GENERATED_STORED;
			column->has_default = true;
			break;
		default:
			break;
	}
}

/* A new column as it is defined, without constraints of the table. */
MigColumn *
mig_make_column(MigRel *rel, ColumnDef *definition)
{
	MigColumn  *column = mig_rel_add_column(rel, definition->colname);
	Oid			serial = serial_type(definition->typeName);
	ListCell   *lc;

	column->definition = mig_shadow_keep(rel->shadow, definition);
	if (OidIsValid(serial))
	{
		column->type = serial;
		column->has_default = true;
		mig_make_serial(rel, column);
		mig_make_not_null(rel, column, NULL, true);
	}
	else if (definition->typeName != NULL)
		column->type = mig_fact_type(rel->shadow, definition->typeName,
									 &column->typmod);
	if (OidIsValid(column->type))
		column->collation = get_typcollation(column->type);
	if (definition->collClause != NULL)
		column->collation = InvalidOid;
	foreach(lc, definition->constraints)
	{
		if (IsA(lfirst(lc), Constraint))
			set_column(rel, column, lfirst(lc));
	}
	return column;
}

/* A column as another relation has it; an existing one becomes as strict. */
void
mig_make_column_copy(MigRel *rel, MigColumn *source)
{
	MigColumn  *column = NULL;
	ListCell   *lc;

	foreach(lc, mig_rel_columns(rel))
	{
		MigColumn  *each = lfirst(lc);

		if (each->name != NULL && strcmp(each->name, source->name) == 0)
			column = each;
	}
	if (column == NULL)
	{
		column = mig_rel_add_column(rel, source->name);
		column->type = source->type;
		column->typmod = source->typmod;
		column->collation = source->collation;
		column->generated = source->generated;
		column->has_default = source->has_default && source->identity == '\0';
		column->definition = source->definition;
	}
	if (source->not_null)
		mig_make_not_null(rel, column, NULL, true);
}

/* The attnums of columns by their names; 0 for one that is not there. */
static void
add_attnums(MigRel *rel, List **attnums, List *names)
{
	ListCell   *lc;

	foreach(lc, names)
	{
		MigColumn  *column = mig_rel_column(rel, strVal(lfirst(lc)));

		mig_shadow_append_int(rel->shadow, attnums,
							  column ? column->attnum : 0);
	}
}

/*
 * Indexes
 */

static MigRel *
put_index(MigRel *table, const char *name)
{
	bool		partitioned = table->kind == RELKIND_PARTITIONED_TABLE;
	MigRel	   *rel = mig_shadow_put(table->shadow, table->schema, name,
									 partitioned ? RELKIND_PARTITIONED_INDEX :
									 RELKIND_INDEX);

	rel->persistence = table->persistence;
	rel->index = MemoryContextAllocZero(table->shadow->context,
										sizeof(MigIndex));
	rel->index->table = table;
	rel->index->method = BTREE_AM_OID;
	rel->index->valid = rel->index->ready = rel->index->live = true;
	(void) mig_rel_indexes(table);
	mig_shadow_append(table->shadow, &table->indexes, rel);
	return rel;
}

static void
append_oid(MigShadow *shadow, List **list, Oid oid)
{
	MemoryContext caller = MemoryContextSwitchTo(shadow->context);

	*list = lappend_oid(*list, oid);
	MemoryContextSwitchTo(caller);
}

/* A column joins the key of an index; NULL: an expression. */
static void
add_key(MigRel *rel, MigColumn *column, Oid opclass, Oid collation, int option)
{
	MigShadow  *shadow = rel->shadow;
	MigIndex   *index = rel->index;

	if (!OidIsValid(opclass) && column != NULL && OidIsValid(column->type) &&
		OidIsValid(index->method))
		opclass = GetDefaultOpClass(column->type, index->method);
	if (!OidIsValid(collation) && column != NULL)
		collation = column->collation;
	mig_shadow_append_int(shadow, &index->columns, column ? column->attnum : 0);
	append_oid(shadow, &index->opclasses, opclass);
	append_oid(shadow, &index->collations, collation);
	mig_shadow_append_int(shadow, &index->options, option);
	if (column != NULL)
		mig_shadow_append_int(shadow, &index->used, column->attnum);
	else
		index->expressions = true;
}

/* The columns that an expression of an index uses. */
static void
add_used(MigRel *rel, Node *expression)
{
	List	   *names = NIL;
	ListCell   *lc;

	mig_query_column_names(expression, &names);
	foreach(lc, names)
	{
		MigColumn  *column = mig_rel_column(rel->index->table, lfirst(lc));

		if (column != NULL && !list_member_int(rel->index->used, column->attnum))
			mig_shadow_append_int(rel->shadow, &rel->index->used,
								  column->attnum);
	}
}

/* INDOPTION_* of an element. */
static int
option_of(const IndexElem *element)
{
	int			option = 0;

	if (element->ordering == SORTBY_DESC)
		option |= INDOPTION_DESC;
	if (element->nulls_ordering == SORTBY_NULLS_FIRST ||
		(element->nulls_ordering == SORTBY_NULLS_DEFAULT &&
		 element->ordering == SORTBY_DESC))
		option |= INDOPTION_NULLS_FIRST;
	return option;
}

/* The operator class of that name; InvalidOid: it is not known. */
static Oid
opclass_of(MigShadow *shadow, Oid method, List *names)
{
	const char *schema = list_length(names) == 2 ? strVal(linitial(names)) : NULL;
	ListCell   *lc;

	foreach(lc, schema ? list_make1((char *) schema) : shadow->path)
	{
		Oid			namespace = get_namespace_oid(lfirst(lc), true);
		Oid			oid = InvalidOid;

		if (OidIsValid(namespace))
			oid = GetSysCacheOid3(CLAAMNAMENSP, Anum_pg_opclass_oid,
								  ObjectIdGetDatum(method),
								  PointerGetDatum(strVal(llast(names))),
								  ObjectIdGetDatum(namespace));
		if (OidIsValid(oid))
			return oid;
	}
	return InvalidOid;
}

/* One element of CREATE INDEX. */
static void
add_element(MigRel *rel, IndexElem *element)
{
	MigColumn  *column = element->name ?
		mig_rel_column(rel->index->table, element->name) : NULL;
	Oid			opclass = InvalidOid;
	Oid			collation = InvalidOid;

	if (element->opclass != NIL && list_length(element->opclass) <= 2 &&
		OidIsValid(rel->index->method))
		opclass = opclass_of(rel->shadow, rel->index->method, element->opclass);
	if (element->collation != NIL)
		collation = get_collation_oid(element->collation, true);
	add_key(rel, column, opclass, collation, option_of(element));
	if (element->expr != NULL)
		add_used(rel, element->expr);
}

/* The names that elements give to the columns of an index. */
static List *
element_names(List *elements)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, elements)
	{
		IndexElem  *element = lfirst_node(IndexElem, lc);
		char	   *name = element->name;

		if (element->indexcolname != NULL)
			name = element->indexcolname;
		if (name == NULL && element->expr != NULL)
			name = FigureIndexColname(element->expr);
		result = lappend(result, name ? name : "expr");
	}
	return result;
}

/* The parts of a partitioned index, on the partitions there are. */
static void
make_parts(MigRel *rel)
{
	ListCell   *lc;

	foreach(lc, mig_rel_children(rel->index->table, false))
	{
		MigRel	   *table = lfirst(lc);

		if (table->partition && table->kind != RELKIND_FOREIGN_TABLE)
			mig_make_index_copy(table, rel, true);
	}
}

/* A new index. */
MigRel *
mig_make_index(MigRel *table, IndexStmt *stmt)
{
	const char *name = stmt->idxname;
	MigRel	   *rel;
	ListCell   *lc;
	bool		with_parts = stmt->relation == NULL || stmt->relation->inh;

	if (name == NULL)
		name = index_name(table, element_names(list_concat_copy(stmt->indexParams,
																stmt->indexIncludingParams)),
						  stmt->primary, stmt->excludeOpNames != NIL,
						  stmt->isconstraint);
	rel = put_index(table, name);
	rel->definition = mig_shadow_keep(table->shadow, stmt);
	rel->index->definition = (IndexStmt *) rel->definition;
	rel->index->unique = stmt->unique;
	rel->index->partial = stmt->whereClause != NULL;
	rel->index->method = get_am_oid(stmt->accessMethod ? stmt->accessMethod :
									DEFAULT_INDEX_TYPE, true);
	foreach(lc, stmt->indexParams)
		add_element(rel, lfirst_node(IndexElem, lc));
	foreach(lc, stmt->indexIncludingParams)
	{
		IndexElem  *element = lfirst_node(IndexElem, lc);
		MigColumn  *column = element->name ?
			mig_rel_column(table, element->name) : NULL;

		mig_shadow_append_int(table->shadow, &rel->index->included,
							  column ? column->attnum : 0);
		if (column != NULL)
			mig_shadow_append_int(table->shadow, &rel->index->used,
								  column->attnum);
	}
	add_used(rel, stmt->whereClause);
	if (table->kind != RELKIND_PARTITIONED_TABLE)
		return rel;
	if (with_parts)
		make_parts(rel);
	else
		rel->index->valid = mig_rel_children(table, false) == NIL;
	return rel;
}

/* The attnums that columns of one table have in another. */
static List *
mapped(MigRel *to, MigRel *from, List *attnums)
{
	MemoryContext caller = MemoryContextSwitchTo(to->shadow->context);
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, attnums)
	{
		MigColumn  *column = mig_rel_attribute(from, lfirst_int(lc));
		MigColumn  *own = column ? mig_rel_column(to, column->name) : NULL;

		result = lappend_int(result, own ? own->attnum : 0);
	}
	MemoryContextSwitchTo(caller);
	return result;
}

/* The names of an index's columns, as they go into a chosen name. */
static List *
key_names(MigRel *source)
{
	List	   *result = NIL;
	ListCell   *lc;

	if (source->index->definition != NULL)
		return element_names(source->index->definition->indexParams);
	foreach(lc, source->index->columns)
	{
		MigColumn  *column = mig_rel_attribute(source->index->table,
											   lfirst_int(lc));
		char	   *name = column ? (char *) column->name : NULL;

		if (name == NULL && OidIsValid(source->oid))
			name = get_attname(source->oid, foreach_current_index(lc) + 1, true);
		result = lappend(result, name ? name : "expr");
	}
	return result;
}

/* An index of the table that can be the part of a partitioned one. */
static MigRel *
fitting_index(MigRel *table, MigRel *source)
{
	List	   *columns = mapped(table, source->index->table,
								 source->index->columns);
	ListCell   *lc;

	foreach(lc, mig_rel_indexes(table))
	{
		MigRel	   *rel = lfirst(lc);
		MigIndex   *index = rel->index;

		if (index != NULL && equal(index->columns, columns) &&
			index->unique == source->index->unique &&
			index->primary == source->index->primary &&
			index->method == source->index->method &&
			equal(index->options, source->index->options) &&
			!index->partial && !source->index->partial &&
			!index->expressions && index->valid && mig_rel_parents(rel) == NIL)
			return rel;
	}
	return NULL;
}

/* The constraint that an index is of, if there is none yet. */
static void
copy_key(MigRel *table, MigRel *rel)
{
	MigConstraint *constraint;
	ListCell   *lc;

	if (mig_rel_constraint(table, rel->name) != NULL)
		return;
	constraint = mig_rel_add_constraint(table, rel->name,
										rel->index->primary ? CONSTRAINT_PRIMARY :
										rel->index->unique ? CONSTRAINT_UNIQUE :
										CONSTRAINT_EXCLUSION);
	constraint->index = rel;
	constraint->columns = rel->index->columns;
	foreach(lc, constraint->columns)
	{
		MigColumn  *key = mig_rel_attribute(table, lfirst_int(lc));

		if (rel->index->primary && key != NULL)
			mig_make_not_null(table, key, NULL, true);
	}
}

/* An index as another table has it; as its part, if that is partitioned. */
MigRel *
mig_make_index_copy(MigRel *table, MigRel *source, bool is_part)
{
	MigIndex   *from = source->index;
	MigRel	   *rel = is_part ? fitting_index(table, source) : NULL;
	List	   *valid_parts;

	if (rel == NULL)
	{
		rel = put_index(table, index_name(table, key_names(source),
										  from->primary, false,
										  from->constraint));
		valid_parts = mapped(table, from->table, from->columns);
		*rel->index = *from;
		rel->index->table = table;
		rel->index->columns = valid_parts;
		rel->index->included = mapped(table, from->table, from->included);
		rel->index->used = mapped(table, from->table, from->used);
		rel->index->valid = true;
		rel->index->clustered = rel->index->replica_identity = false;
		if (table->kind == RELKIND_PARTITIONED_TABLE)
			make_parts(rel);
	}
	if (from->constraint)
		copy_key(table, rel);
	if (is_part)
		mig_rel_link(source, rel);
	return rel;
}

/*
 * Constraints
 */

/* The index of a UNIQUE, PRIMARY KEY or EXCLUDE constraint. */
static MigRel *
constraint_index(MigRel *rel, Constraint *definition, List *keys)
{
	List	   *names = NIL;
	MigRel	   *index;
	ListCell   *lc;
	bool		primary = definition->contype == CONSTR_PRIMARY;
	bool		exclusion = definition->contype == CONSTR_EXCLUSION;
	const char *name = definition->conname;

	foreach(lc, keys)
		names = lappend(names, strVal(lfirst(lc)));
	if (exclusion)
	{
		foreach(lc, definition->exclusions)
			names = list_concat(names,
								element_names(list_make1(linitial(lfirst(lc)))));
	}
	foreach(lc, definition->including)
		names = lappend(names, strVal(lfirst(lc)));
	if (name == NULL)
		name = index_name(rel, names, primary, exclusion, true);
	index = put_index(rel, name);
	index->index->unique = !exclusion;
	index->index->primary = primary;
	index->index->constraint = true;
	index->index->partial = definition->where_clause != NULL;
	if (exclusion)
	{
		index->index->method = get_am_oid(definition->access_method ?
										  definition->access_method :
										  DEFAULT_INDEX_TYPE, true);
		foreach(lc, definition->exclusions)
			add_element(index, linitial_node(IndexElem, lfirst(lc)));
	}
	foreach(lc, keys)
		add_key(index, mig_rel_column(rel, strVal(lfirst(lc))), InvalidOid,
				InvalidOid, 0);
	add_attnums(rel, &index->index->included, definition->including);
	return index;
}

/* UNIQUE or PRIMARY KEY USING INDEX: the index takes the constraint's name. */
static MigRel *
existing_index(MigRel *rel, Constraint *definition)
{
	MigRel	   *index = mig_shadow_find_named(rel->shadow, rel->schema,
											  definition->indexname);

	if (index == NULL || index->index == NULL)
		return NULL;
	if (definition->conname != NULL)
		mig_shadow_move(index, NULL, definition->conname);
	index->index->constraint = true;
	index->index->primary = definition->contype == CONSTR_PRIMARY;
	return index;
}

/* UNIQUE, PRIMARY KEY, EXCLUDE. */
static MigConstraint *
make_key(MigRel *rel, Constraint *definition, const char *column, char type)
{
	List	   *keys = definition->keys;
	MigConstraint *constraint;
	MigRel	   *index;
	ListCell   *lc;

	if (keys == NIL && column != NULL)
		keys = list_make1(makeString(pstrdup(column)));
	index = definition->indexname ? existing_index(rel, definition) :
		constraint_index(rel, definition, keys);
	constraint = mig_rel_add_constraint(rel, index ? index->name :
										definition->conname, type);
	constraint->index = index;
	if (index != NULL)
		constraint->columns = index->index->columns;
	foreach(lc, constraint->columns)
	{
		MigColumn  *key = mig_rel_attribute(rel, lfirst_int(lc));

		if (type == CONSTRAINT_PRIMARY && key != NULL)
			mig_make_not_null(rel, key, NULL, true);
	}
	if (index != NULL && index->kind == RELKIND_PARTITIONED_INDEX &&
		definition->indexname == NULL)
		make_parts(index);
	return constraint;
}

/* The one column that a CHECK uses; NULL: none or several. */
static const char *
only_column(Node *expression)
{
	List	   *names = NIL;
	ListCell   *lc;

	mig_query_column_names(expression, &names);
	foreach(lc, names)
	{
		if (strcmp(lfirst(lc), linitial(names)) != 0)
			return NULL;
	}
	return names != NIL ? linitial(names) : NULL;
}

static MigConstraint *
make_check(MigRel *rel, Constraint *definition)
{
	const char *name = definition->conname;
	MigConstraint *constraint;
	List	   *names = NIL;
	ListCell   *lc;

	if (name == NULL)
		name = constraint_name(rel, only_column(definition->raw_expr), "check");
	constraint = mig_rel_add_constraint(rel, name, CONSTRAINT_CHECK);
	constraint->no_inherit = definition->is_no_inherit;
	mig_query_column_names(definition->raw_expr, &names);
	foreach(lc, names)
	{
		MigColumn  *column = mig_rel_column(rel, lfirst(lc));

		if (column != NULL &&
			!list_member_int(constraint->columns, column->attnum))
			mig_shadow_append_int(rel->shadow, &constraint->columns,
								  column->attnum);
	}
	return constraint;
}

/* FOREIGN KEY, or REFERENCES of a column. */
static MigConstraint *
make_foreign_key(MigRel *rel, Constraint *definition, const char *column)
{
	const char *name = definition->conname;
	List	   *keys = definition->fk_attrs;
	List	   *names = NIL;
	MigConstraint *constraint;
	MigRel	   *foreign;
	MigConstraint *key;
	ListCell   *lc;

	if (keys == NIL && column != NULL)
		keys = list_make1(makeString(pstrdup(column)));
	foreach(lc, keys)
		names = lappend(names, strVal(lfirst(lc)));
	if (name == NULL)
		name = constraint_name(rel, joined_names(names), "fkey");
	constraint = mig_rel_add_constraint(rel, name, CONSTRAINT_FOREIGN);
	add_attnums(rel, &constraint->columns, keys);
	constraint->on_delete = definition->fk_del_action;
	foreign = definition->pktable ?
		mig_shadow_find(rel->shadow, definition->pktable, RELKIND_RELATION) : NULL;
	mig_rel_reference(rel, constraint, foreign);
	if (foreign == NULL)
		return constraint;
	key = mig_rel_primary_key(foreign);
	if (definition->pk_attrs != NIL)
		add_attnums(foreign, &constraint->foreign_columns, definition->pk_attrs);
	else if (key != NULL)
		constraint->foreign_columns = key->columns;
	return constraint;
}

/*
 * When it is checked: the constraint of a table says so itself, that of a
 * column is followed by what does.
 */
static void
set_deferral(MigConstraint *constraint, Constraint *definition,
			 MigColumn *column)
{
	bool		ours = false;
	ListCell   *lc;

	constraint->deferrable = definition->deferrable;
	constraint->deferred = definition->initdeferred;
	if (column == NULL || column->definition == NULL)
		return;
	foreach(lc, column->definition->constraints)
	{
		Constraint *other = lfirst(lc);

		if (!IsA(other, Constraint))
			continue;
		if (other->contype < CONSTR_ATTR_DEFERRABLE)
			ours = equal(other, definition);
		if (!ours)
			continue;
		constraint->deferred |= other->contype == CONSTR_ATTR_DEFERRED;
		constraint->deferrable |= constraint->deferred ||
			other->contype == CONSTR_ATTR_DEFERRABLE;
	}
}

/*
 * A new constraint of a table, or of the column of that name.  NULL: what is
 * no constraint of the table, but says something of the column only.
 */
MigConstraint *
mig_make_constraint(MigRel *rel, Constraint *definition, const char *column)
{
	MigConstraint *constraint;

	switch (definition->contype)
	{
		case CONSTR_CHECK:
			constraint = make_check(rel, definition);
			break;
		case CONSTR_PRIMARY:
			constraint = make_key(rel, definition, column, CONSTRAINT_PRIMARY);
			break;
		case CONSTR_UNIQUE:
			constraint = make_key(rel, definition, column, CONSTRAINT_UNIQUE);
			break;
		case CONSTR_EXCLUSION:
			constraint = make_key(rel, definition, column, CONSTRAINT_EXCLUSION);
			break;
		case CONSTR_FOREIGN:
			constraint = make_foreign_key(rel, definition, column);
			break;
		default:
			return NULL;
	}
	constraint->definition = mig_shadow_keep(rel->shadow, definition);
	constraint->valid = !definition->skip_validation;
	constraint->enforced = mig_definition_is_enforced(definition);
	set_deferral(constraint, definition,
				 column ? mig_rel_column(rel, column) : NULL);
	return constraint;
}

/* A constraint as another table has it, other than one with an index. */
void
mig_make_constraint_copy(MigRel *rel, MigRel *source, MigConstraint *constraint,
						 bool with_name)
{
	MigConstraint *copy;
	const char *name = constraint->name;

	if (constraint->name == NULL)
		return;
	if (mig_rel_constraint(rel, name) != NULL)
	{
		if (with_name)
			return;
		name = constraint_name(rel, NULL, constraint->type == CONSTRAINT_FOREIGN ?
							   "fkey" : "check");
	}
	copy = mig_rel_add_constraint(rel, name, constraint->type);
	copy->valid = constraint->valid;
	copy->enforced = constraint->enforced;
	copy->deferrable = constraint->deferrable;
	copy->deferred = constraint->deferred;
	copy->columns = mapped(rel, source, constraint->columns);
	copy->foreign_columns = constraint->foreign_columns;
	copy->on_delete = constraint->on_delete;
	copy->definition = constraint->definition;
	if (constraint->foreign != NULL)
		mig_rel_reference(rel, copy, constraint->foreign);
}
