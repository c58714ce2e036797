/*-------------------------------------------------------------------------
 *
 * shadow_apply_table.c
 *	  The shadow after a statement that makes a relation.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"

#include "shadow_change.h"
#include "shadow_make.h"
#include "shadow_query.h"

/*
 * A new relation of that name; NULL: there is one already.  One that is only
 * assumed makes room.
 */
static MigRel *
put(MigShadow *shadow, const RangeVar *name, char kind)
{
	const char *schema = mig_shadow_creation_schema(shadow, name);
	MigRel	   *rel = mig_shadow_find_named(shadow, schema, name->relname);

	if (rel != NULL && !rel->assumed)
		return NULL;
	rel = mig_shadow_put(shadow, schema, name->relname, kind);
	if (name->relpersistence != '\0')
		rel->persistence = name->relpersistence;
	if (strcmp(schema, "pg_temp") == 0)
		rel->persistence = RELPERSISTENCE_TEMP;
	return rel;
}

/*
 * CREATE TABLE
 */

/* The constraints that a child inherits. */
void
mig_apply_checks(MigRel *child, MigRel *parent)
{
	ListCell   *lc;

	foreach(lc, list_copy(mig_rel_constraints(parent)))
	{
		MigConstraint *constraint = lfirst(lc);

		if (constraint->type == CONSTRAINT_CHECK && !constraint->no_inherit)
			mig_make_constraint_copy(child, parent, constraint, true);
	}
}

/* What a child has of its parent: columns, and the constraints it inherits. */
void
mig_apply_inherit(MigRel *child, MigRel *parent)
{
	ListCell   *lc;

	child->open |= parent->open;
	foreach(lc, mig_rel_columns(parent))
	{
		if (((MigColumn *) lfirst(lc))->name != NULL)
			mig_make_column_copy(child, lfirst(lc));
	}
	mig_apply_checks(child, parent);
	mig_rel_link(parent, child);
}

/* What a partition has of its parent besides: indexes and foreign keys. */
void
mig_apply_partition(MigRel *partition, MigRel *parent)
{
	ListCell   *lc;

	partition->partition = true;
	foreach(lc, mig_rel_indexes(parent))
	{
		MigRel	   *index = lfirst(lc);

		if (index->index != NULL && partition->kind != RELKIND_FOREIGN_TABLE)
			mig_make_index_copy(partition, index, true);
	}
	foreach(lc, list_copy(mig_rel_constraints(parent)))
	{
		MigConstraint *constraint = lfirst(lc);

		if (constraint->type == CONSTRAINT_FOREIGN)
			mig_make_constraint_copy(partition, parent, constraint, false);
	}
}

/* LIKE: columns, and what its options ask for. */
static void
copy_like(MigRel *rel, TableLikeClause *like)
{
	MigRel	   *source = mig_shadow_find(rel->shadow, like->relation, 0);
	ListCell   *lc;

	if (source == NULL)
	{
		rel->open = true;
		return;
	}
	rel->open |= source->open || source->assumed;
	foreach(lc, mig_rel_columns(source))
	{
		MigColumn  *column = lfirst(lc);
		MigColumn	copy;

		if (column->name == NULL)
			continue;
		copy = *column;
		if (!(like->options & CREATE_TABLE_LIKE_DEFAULTS))
			copy.has_default = false;
		if (!(like->options & CREATE_TABLE_LIKE_GENERATED))
			copy.generated = '\0';
		mig_make_column_copy(rel, &copy);
		if (column->identity && (like->options & CREATE_TABLE_LIKE_IDENTITY))
		{
			MigColumn  *own = mig_rel_column(rel, column->name);

			own->identity = column->identity;
			mig_make_serial(rel, own);
		}
	}
}

/* What LIKE copies once the table is there. */
static void
copy_like_rest(MigRel *rel, TableLikeClause *like)
{
	MigRel	   *source = mig_shadow_find(rel->shadow, like->relation, 0);
	ListCell   *lc;

	if (source == NULL || source == rel)
		return;
	foreach(lc, list_copy(mig_rel_constraints(source)))
	{
		MigConstraint *constraint = lfirst(lc);

		if (constraint->type == CONSTRAINT_CHECK &&
			(like->options & CREATE_TABLE_LIKE_CONSTRAINTS))
		{
			mig_make_constraint_copy(rel, source, constraint, true);
			/* there are no rows to violate it */
			mig_rel_constraint(rel, constraint->name)->valid =
				constraint->enforced;
		}
	}
	if (!(like->options & CREATE_TABLE_LIKE_INDEXES))
		return;
	foreach(lc, mig_rel_indexes(source))
	{
		MigRel	   *index = lfirst(lc);

		if (index->index != NULL)
			mig_make_index_copy(rel, index, false);
	}
}

/* A column of CREATE TABLE; one that is inherited becomes as strict. */
static void
define_column(MigRel *rel, ColumnDef *definition)
{
	ListCell   *lc;
	ListCell   *each;

	foreach(lc, mig_rel_columns(rel))
	{
		MigColumn  *column = lfirst(lc);

		if (column->name == NULL ||
			strcmp(column->name, definition->colname) != 0)
			continue;
		foreach(each, definition->constraints)
		{
			Constraint *constraint = lfirst_node(Constraint, each);

			if (constraint->contype == CONSTR_NOTNULL)
				mig_make_not_null(rel, column, constraint->conname, true);
			else if (constraint->contype == CONSTR_DEFAULT)
				column->has_default = true;
		}
		return;
	}
	mig_make_column(rel, definition);
}

/* Which constraints are made in one round over the definition. */
typedef enum Round
{
	ROUND_CHECK,
	ROUND_PRIMARY,
	ROUND_INDEX,
	ROUND_FOREIGN
} Round;

static bool
is_of_round(const Constraint *constraint, Round round)
{
	switch (constraint->contype)
	{
		case CONSTR_CHECK:
		case CONSTR_NOTNULL:
			return round == ROUND_CHECK;
		case CONSTR_PRIMARY:
			return round == ROUND_PRIMARY;
		case CONSTR_UNIQUE:
		case CONSTR_EXCLUSION:
			return round == ROUND_INDEX;
		case CONSTR_FOREIGN:
			return round == ROUND_FOREIGN;
		default:
			return false;
	}
}

/* NOT NULL as a constraint of the table, from 18 on. */
void
mig_apply_not_null(MigRel *rel, Constraint *constraint)
{
	ListCell   *lc;

	foreach(lc, constraint->keys)
	{
		MigColumn  *column = mig_rel_column(rel, strVal(lfirst(lc)));

		if (column != NULL)
			mig_make_not_null(rel, column, constraint->conname,
							  !constraint->skip_validation);
	}
}

/* UNIQUE without a name says nothing where there is a key of these columns. */
static bool
is_repeated(MigRel *rel, Constraint *constraint, const char *column)
{
	ListCell   *lc;
	List	   *keys = NIL;

	if (constraint->contype != CONSTR_UNIQUE || constraint->conname != NULL)
		return false;
	foreach(lc, constraint->keys)
	{
		MigColumn  *key = mig_rel_column(rel, strVal(lfirst(lc)));

		keys = lappend_int(keys, key ? key->attnum : 0);
	}
	if (column != NULL && keys == NIL)
		keys = list_make1_int(mig_rel_column(rel, column) ?
							  mig_rel_column(rel, column)->attnum : 0);
	foreach(lc, mig_rel_constraints(rel))
	{
		MigConstraint *other = lfirst(lc);

		if ((other->type == CONSTRAINT_PRIMARY ||
			 other->type == CONSTRAINT_UNIQUE) && equal(other->columns, keys) &&
			other->deferrable == constraint->deferrable &&
			other->index != NULL && other->index->index->included == NIL &&
			constraint->including == NIL)
			return true;
	}
	return false;
}

static void
make_constraint(MigRel *rel, Constraint *constraint, const char *column)
{
	if (is_repeated(rel, constraint, column))
		return;

	/* that of a column has been made with it */
	if (constraint->contype == CONSTR_NOTNULL && column == NULL)
		mig_apply_not_null(rel, constraint);
	else
		mig_make_constraint(rel, constraint, column);
}

/* The constraints of one round, in the order in which they are written. */
static void
make_constraints(MigRel *rel, List *elements, Round round)
{
	ListCell   *lc;
	ListCell   *each;

	foreach(lc, elements)
	{
		Node	   *element = lfirst(lc);

		if (IsA(element, Constraint) && is_of_round((Constraint *) element, round))
			make_constraint(rel, (Constraint *) element, NULL);
		if (!IsA(element, ColumnDef))
			continue;
		foreach(each, ((ColumnDef *) element)->constraints)
		{
			if (IsA(lfirst(each), Constraint) &&
				is_of_round(lfirst(each), round))
				make_constraint(rel, lfirst(each),
								((ColumnDef *) element)->colname);
		}
	}
}

/* Parents, or the partitioned table: before the table's own columns. */
static void
take_from_parents(MigRel *rel, CreateStmt *stmt)
{
	ListCell   *lc;

	foreach(lc, stmt->inhRelations)
	{
		MigRel	   *parent = mig_shadow_find(rel->shadow, lfirst(lc),
											 stmt->partbound ?
											 RELKIND_PARTITIONED_TABLE :
											 RELKIND_RELATION);

		if (parent == NULL || parent == rel)
			rel->open = true;
		else
			mig_apply_inherit(rel, parent);
	}
	if (stmt->ofTypename != NULL)
	{
		MigRel	   *type = mig_shadow_find_list(rel->shadow,
												stmt->ofTypename->names, 0);

		if (type == NULL)
			rel->open = true;
		else
		{
			foreach(lc, mig_rel_columns(type))
			{
				if (((MigColumn *) lfirst(lc))->name != NULL)
					mig_make_column_copy(rel, lfirst(lc));
			}
		}
	}
}

/* A partition gets what its parent has, once it is there. */
static void
take_as_partition(MigRel *rel, CreateStmt *stmt)
{
	ListCell   *lc;

	if (stmt->partbound == NULL)
		return;
	foreach(lc, mig_rel_parents(rel))
	{
		MigRel	   *parent = lfirst(lc);

		mig_apply_partition(rel, parent);
		if (stmt->partbound->is_default)
		{
			parent->default_read = true;
			parent->default_partition = rel;
		}
	}
}

/* CREATE TABLE, CREATE FOREIGN TABLE. */
void
mig_apply_create_table(MigShadow *shadow, CreateStmt *stmt, char kind)
{
	MigRel	   *rel = put(shadow, stmt->relation,
						  stmt->partspec ? RELKIND_PARTITIONED_TABLE : kind);
	ListCell   *lc;

	if (rel == NULL)
		return;
	rel->definition = mig_shadow_keep(shadow, stmt);
	take_from_parents(rel, stmt);
	foreach(lc, stmt->tableElts)
	{
		if (IsA(lfirst(lc), ColumnDef))
			define_column(rel, lfirst(lc));
		else if (IsA(lfirst(lc), TableLikeClause))
			copy_like(rel, lfirst(lc));
	}
	make_constraints(rel, stmt->tableElts, ROUND_CHECK);
	take_as_partition(rel, stmt);
	make_constraints(rel, stmt->tableElts, ROUND_PRIMARY);
	make_constraints(rel, stmt->tableElts, ROUND_INDEX);
	foreach(lc, stmt->tableElts)
	{
		if (IsA(lfirst(lc), TableLikeClause))
			copy_like_rest(rel, lfirst(lc));
	}
	make_constraints(rel, stmt->tableElts, ROUND_FOREIGN);
}

/*
 * Relations made of a query
 */

/* Gives a relation the columns of a query's result, under other names if given. */
static void
take_columns(MigRel *rel, Node *query, List *names)
{
	bool		open;
	List	   *columns = mig_query_columns(rel->shadow, query, &open);
	ListCell   *lc;
	int			n = 0;

	rel->open = open;
	foreach(lc, columns)
	{
		MigColumn  *source = lfirst(lc);
		const char *name = n < list_length(names) ?
			strVal(list_nth(names, n)) : source->name;
		MigColumn  *column = mig_rel_add_column(rel, name);

		column->type = source->type;
		column->typmod = source->typmod;
		column->collation = source->collation;
		n++;
	}
}

/* CREATE TABLE AS, CREATE MATERIALIZED VIEW, SELECT INTO. */
void
mig_apply_create_as(MigShadow *shadow, Node *query, IntoClause *into,
					bool is_matview)
{
	MigRel	   *rel = put(shadow, into->rel,
						  is_matview ? RELKIND_MATVIEW : RELKIND_RELATION);
	ListCell   *lc;

	if (rel == NULL)
		return;
	take_columns(rel, query, into->colNames);
	rel->populated = !into->skipData;
	rel->filled = !into->skipData;
	if (!is_matview)
		return;
	foreach(lc, mig_query_sources(shadow, query))
	{
		if (lfirst(lc) != rel)
			mig_shadow_append(shadow, &rel->sources, lfirst(lc));
	}
}

/* CREATE [OR REPLACE] VIEW */
void
mig_apply_view(MigShadow *shadow, ViewStmt *stmt)
{
	MigRel	   *rel;
	ListCell   *lc;

	rel = mig_shadow_find_named(shadow,
								mig_shadow_creation_schema(shadow, stmt->view),
								stmt->view->relname);
	if (rel != NULL && stmt->replace && rel->kind == RELKIND_VIEW)
	{
		/* what can be added are columns at the end */
		rel->columns_read = rel->sources_read = true;
		rel->columns = rel->sources = NIL;
	}
	else
		rel = put(shadow, stmt->view, RELKIND_VIEW);
	if (rel == NULL)
		return;
	rel->definition = mig_shadow_keep(shadow, stmt);
	take_columns(rel, stmt->query, stmt->aliases);
	foreach(lc, mig_query_sources(shadow, stmt->query))
	{
		if (lfirst(lc) != rel)
			mig_shadow_append(shadow, &rel->sources, lfirst(lc));
	}
}

/* CREATE TYPE AS (...) */
void
mig_apply_composite(MigShadow *shadow, CompositeTypeStmt *stmt)
{
	MigRel	   *rel = put(shadow, stmt->typevar, RELKIND_COMPOSITE_TYPE);
	ListCell   *lc;

	if (rel == NULL)
		return;
	foreach(lc, stmt->coldeflist)
		mig_make_column(rel, lfirst_node(ColumnDef, lc));
}

/* CREATE SEQUENCE */
void
mig_apply_create_sequence(MigShadow *shadow, CreateSeqStmt *stmt)
{
	MigRel	   *rel = put(shadow, stmt->sequence, RELKIND_SEQUENCE);

	if (rel != NULL)
		mig_apply_owned_by(rel, stmt->options);
}

/* OWNED BY of CREATE and ALTER SEQUENCE. */
void
mig_apply_owned_by(MigRel *sequence, List *options)
{
	ListCell   *lc;

	foreach(lc, options)
	{
		DefElem    *option = lfirst_node(DefElem, lc);
		List	   *names;
		MigRel	   *table;
		MigColumn  *column;

		if (strcmp(option->defname, "owned_by") != 0 || option->arg == NULL ||
			!IsA(option->arg, List))
			continue;
		names = (List *) option->arg;
		mig_rel_own(sequence, NULL, 0);
		if (list_length(names) < 2)
			continue;
		table = mig_shadow_find_list(sequence->shadow,
									 list_copy_head(names,
													list_length(names) - 1),
									 0);
		column = table ? mig_rel_column(table, strVal(llast(names))) : NULL;
		if (column != NULL)
			mig_rel_own(sequence, table, column->attnum);
	}
}

/* CREATE INDEX */
void
mig_apply_create_index(MigShadow *shadow, IndexStmt *stmt)
{
	MigRel	   *table = stmt->relation ?
		mig_shadow_find(shadow, stmt->relation, RELKIND_RELATION) : NULL;
	MigRel	   *existing;

	if (table == NULL)
		return;
	if (stmt->idxname != NULL)
	{
		existing = mig_shadow_find_named(shadow, table->schema, stmt->idxname);
		if (existing != NULL && !existing->assumed)
			return;
	}
	mig_make_index(table, stmt);
}
