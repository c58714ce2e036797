/*-------------------------------------------------------------------------
 *
 * shadow_drop.c
 *	  Dropping from the shadow, with what goes along.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"

#include "shadow_make.h"

/* A constraint goes, and with it its index; with CASCADE, what needs it. */
void
mig_drop_constraint(MigRel *rel, MigConstraint *constraint, bool cascade)
{
	ListCell   *lc;

	constraint->dropped = true;
	rel->constraints = list_delete_ptr(rel->constraints, constraint);
	if (constraint->index != NULL && !constraint->index->dropped)
		mig_drop_relation(constraint->index, false);
	if (!cascade || constraint->index == NULL)
		return;
	foreach(lc, mig_rel_referencing(rel))
	{
		MigForeignKey *key = lfirst(lc);

		if (equal(key->constraint->foreign_columns, constraint->columns))
			mig_drop_constraint(key->table, key->constraint, false);
	}
}

static void
drop_foreign_keys(MigRel *rel)
{
	ListCell   *lc;

	foreach(lc, mig_rel_referencing(rel))
	{
		MigForeignKey *key = lfirst(lc);

		if (key->table != rel)
			mig_drop_constraint(key->table, key->constraint, false);
	}
}

/*
 * A relation goes, with what is part of it.  With CASCADE, foreign keys to it
 * and views of it, too.  Whether the server would refuse is not asked: then the
 * script ends here, and what follows does not matter.
 */
void
mig_drop_relation(MigRel *rel, bool cascade)
{
	List	   *parts;
	List	   *views = cascade ? mig_rel_views(rel) : NIL;
	ListCell   *lc;

	if (rel->dropped)
		return;
	parts = list_concat(mig_rel_children(rel, false),
						list_concat(mig_rel_owned_sequences(rel),
									mig_rel_indexes(rel)));
	if (cascade)
		drop_foreign_keys(rel);
	foreach(lc, mig_rel_parents(rel))
		mig_rel_unlink(lfirst(lc), rel);
	mig_shadow_remove(rel);
	foreach(lc, parts)
		mig_drop_relation(lfirst(lc), cascade);
	foreach(lc, views)
		mig_drop_relation(lfirst(lc), true);
}

/* The foreign keys of other tables that reference the column. */
static void
drop_references(MigRel *rel, AttrNumber attnum)
{
	ListCell   *lc;

	foreach(lc, mig_rel_referencing(rel))
	{
		MigForeignKey *key = lfirst(lc);

		if (list_member_int(key->constraint->foreign_columns, attnum))
			mig_drop_constraint(key->table, key->constraint, false);
	}
}

/* A column goes, with the indexes and constraints that it is in. */
void
mig_drop_column(MigRel *rel, MigColumn *column, bool cascade)
{
	ListCell   *lc;

	if (cascade)
		drop_references(rel, column->attnum);
	foreach(lc, list_copy(mig_rel_constraints(rel)))
	{
		MigConstraint *constraint = lfirst(lc);

		if (list_member_int(constraint->columns, column->attnum))
			mig_drop_constraint(rel, constraint, false);
	}
	foreach(lc, mig_rel_indexes(rel))
	{
		MigRel	   *index = lfirst(lc);

		if (index->index != NULL &&
			list_member_int(index->index->used, column->attnum))
			mig_drop_relation(index, false);
	}
	foreach(lc, mig_rel_owned_sequences(rel))
	{
		MigRel	   *sequence = lfirst(lc);

		if (sequence->owner_column == column->attnum)
			mig_drop_relation(sequence, false);
	}
	column->name = NULL;
}

/* A schema goes, with all that is in it. */
void
mig_drop_schema(MigShadow *shadow, const char *schema)
{
	const char *was = mig_shadow_schema_was(shadow, schema);
	MigNamed   *note;
	ListCell   *lc;

	foreach(lc, mig_shadow_relations(shadow))
	{
		MigRel	   *rel = lfirst(lc);

		if (!rel->dropped && strcmp(rel->schema, schema) == 0)
			mig_drop_relation(rel, true);
	}
	foreach(lc, list_concat_copy(shadow->types, shadow->routines))
	{
		note = lfirst(lc);
		if (note->schema != NULL && strcmp(note->schema, schema) == 0)
			note->dropped = true;
	}
	note = mig_shadow_note(shadow, &shadow->schemas, NULL, schema);
	note->dropped = true;
	note->was = was ? MemoryContextStrdup(shadow->context, was) : NULL;
}
