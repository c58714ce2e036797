/*-------------------------------------------------------------------------
 *
 * gauge.c
 *	  Work that can be compared: what kind it is, and how much of it there is.
 *
 * There are statements whose time grows with the bytes that they scan, rewrite
 * or index, whichever table those are of.  How long a query takes depends on
 * more than that, so queries and changes of rows are not among them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "lib/stringinfo.h"

#include "classify.h"
#include "gauge.h"

/* What takes no time is no measure of anything. */
#define LEAST_BYTES		(1024 * 1024)

/* Commands of ALTER TABLE that may go through the table. */
static const struct
{
	AlterTableType subtype;
	const char *words;
}			commands[] =
{
	{AT_AddColumn, "ADD COLUMN"},
	{AT_AlterColumnType, "ALTER COLUMN TYPE"},
	{AT_SetNotNull, "SET NOT NULL"},
	{AT_ValidateConstraint, "VALIDATE CONSTRAINT"},
	{AT_AttachPartition, "ATTACH PARTITION"},
	{AT_SetTableSpace, "SET TABLESPACE"},
	{AT_SetLogged, "SET LOGGED"},
	{AT_SetUnLogged, "SET UNLOGGED"},
};

/* What adding a constraint has to look at depends on what that is. */
static const char *
constraint_words(const Constraint *constraint)
{
	switch (constraint->contype)
	{
		case CONSTR_PRIMARY:
		case CONSTR_UNIQUE:
			return "ADD UNIQUE";
		case CONSTR_EXCLUSION:
			return "ADD EXCLUDE";
		case CONSTR_FOREIGN:
			return "ADD FOREIGN KEY";
		default:
			return "ADD CHECK";
	}
}

/* A command in words; NULL: one that takes no time. */
static const char *
command_words(const AlterTableCmd *command)
{
	if (command->subtype == AT_AddConstraint)
		return constraint_words(castNode(Constraint, command->def));
	for (int i = 0; i < lengthof(commands); i++)
	{
		if (commands[i].subtype == command->subtype)
			return commands[i].words;
	}
	return NULL;
}

/* ALTER TABLE with those of its commands that take time; NULL: none does. */
static char *
alter_table_kind(const AlterTableStmt *stmt)
{
	StringInfoData kind;
	int			found = 0;
	ListCell   *lc;

	initStringInfo(&kind);
	appendStringInfoString(&kind, "ALTER TABLE");
	foreach(lc, stmt->cmds)
	{
		const char *words = command_words(lfirst_node(AlterTableCmd, lc));

		if (words != NULL)
			appendStringInfo(&kind, "%s %s", found++ > 0 ? "," : "", words);
	}
	return found > 0 ? kind.data : NULL;
}

/* The kind of work that a statement is; NULL: none that can be compared. */
static char *
kind_of(Node *stmt)
{
	switch (nodeTag(stmt))
	{
		case T_AlterTableStmt:
			return alter_table_kind((AlterTableStmt *) stmt);
		case T_IndexStmt:
			return psprintf("CREATE INDEX%s USING %s",
							((IndexStmt *) stmt)->concurrent ? " CONCURRENTLY" : "",
							((IndexStmt *) stmt)->accessMethod);
		case T_ReindexStmt:
			return pstrdup(mig_option_is(((ReindexStmt *) stmt)->params, "concurrently", true) ?
						   "REINDEX CONCURRENTLY" : "REINDEX");
		case T_ClusterStmt:
			return pstrdup("CLUSTER");
		case T_VacuumStmt:
			return mig_option_is(((VacuumStmt *) stmt)->options, "full", true) ?
				pstrdup("VACUUM FULL") : NULL;
		default:
			return NULL;
	}
}

/*
 * The bytes of the tables that it goes through; -1: the scripts make some of
 * them, so that nobody knows.
 */
static int64
bytes_of(const MigEffect *effect)
{
	int64		bytes = 0;
	ListCell   *lc;

	foreach(lc, effect->touches)
	{
		MigTouch   *touch = lfirst(lc);

		if (!(touch->scans || touch->rewrites || touch->builds) ||
			(touch->rel->kind != RELKIND_RELATION &&
			 touch->rel->kind != RELKIND_MATVIEW))
			continue;
		if (mig_rel_is_new(touch->rel))
			return -1;
		bytes += mig_rel_bytes(touch->rel);
	}
	return bytes;
}

/* The work of a statement, not timed yet; NULL: it is none to compare. */
MigTiming *
mig_gauge(Node *stmt, const MigEffect *effect)
{
	char	   *kind = kind_of(stmt);
	int64		bytes = kind == NULL ? 0 : bytes_of(effect);
	MigTiming  *timing;

	if (bytes < LEAST_BYTES)
		return NULL;
	timing = palloc0(sizeof(MigTiming));
	timing->kind = kind;
	timing->bytes = bytes;
	timing->elapsed = -1;
	return timing;
}
