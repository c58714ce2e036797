/*-------------------------------------------------------------------------
 *
 * missing.c
 *	  Does a statement miss what another one would have done?
 *
 * A statement that cannot run in a rehearsal leaves undone what later ones may
 * need.  Whether one failed for that is told by the names: of what the first
 * makes or removes, in the second one's text or its error.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "nodes/parsenodes.h"

#include "missing.h"

/* What an ALTER TABLE makes or removes. */
static List *
altered_names(const AlterTableStmt *stmt)
{
	List	   *names = NIL;
	ListCell   *lc;

	foreach(lc, stmt->cmds)
	{
		AlterTableCmd *command = lfirst_node(AlterTableCmd, lc);

		if (command->subtype == AT_AddConstraint)
			names = lappend(names, ((Constraint *) command->def)->conname);
		else if (command->subtype == AT_AddColumn)
			names = lappend(names, ((ColumnDef *) command->def)->colname);
		else if (command->subtype == AT_DetachPartition)
			names = lappend(names, ((PartitionCmd *) command->def)->name->relname);
		else if (command->name != NULL)
			names = lappend(names, command->name);
	}
	return names;
}

/* What a DROP removes. */
static List *
dropped_names(const DropStmt *stmt)
{
	List	   *names = NIL;
	ListCell   *lc;

	foreach(lc, stmt->objects)
	{
		if (IsA(lfirst(lc), List))
			names = lappend(names, strVal(llast((List *) lfirst(lc))));
	}
	return names;
}

/* What a statement makes or removes, by its unqualified names. */
static List *
names_of(Node *stmt)
{
	switch (nodeTag(stmt))
	{
		case T_IndexStmt:
			return list_make1(((IndexStmt *) stmt)->idxname);
		case T_DropStmt:
			return dropped_names((DropStmt *) stmt);
		case T_AlterTableStmt:
			return altered_names((AlterTableStmt *) stmt);
		case T_CreateStmt:
			return list_make1(((CreateStmt *) stmt)->relation->relname);
		case T_CreateTableAsStmt:
			return list_make1(((CreateTableAsStmt *) stmt)->into->rel->relname);
		case T_ViewStmt:
			return list_make1(((ViewStmt *) stmt)->view->relname);
		case T_RenameStmt:
			return list_make1(((RenameStmt *) stmt)->newname);
		case T_AlterEnumStmt:
			return list_make1(((AlterEnumStmt *) stmt)->newVal);
		case T_CreateSubscriptionStmt:
			return list_make1(((CreateSubscriptionStmt *) stmt)->subname);
		case T_CreateTableSpaceStmt:
			return list_make1(((CreateTableSpaceStmt *) stmt)->tablespacename);
		default:
			return NIL;
	}
}

/* Remembers a statement that does not run; 'label' says which. */
MigMissing *
mig_missing_make(const char *label, const MigStatement *statement)
{
	MigMissing *missing = palloc(sizeof(MigMissing));

	missing->label = pstrdup(label);
	missing->names = names_of(statement->raw->stmt);
	missing->anything = statement->class == MIG_STMT_PROCEDURAL;
	return missing;
}

static bool
is_word(char c)
{
	return isalnum((unsigned char) c) || c == '_' || IS_HIGHBIT_SET(c);
}

/* Is the name a word of the text? */
static bool
mentions(const char *text, const char *name)
{
	const char *at = text;
	size_t		len = strlen(name);

	if (len == 0)
		return false;
	while ((at = strstr(at, name)) != NULL)
	{
		if ((at == text || !is_word(at[-1])) && !is_word(at[len]))
			return true;
		at++;
	}
	return false;
}

/* An error that something is not there, is there, or is not as expected. */
static bool
is_about_objects(int sqlstate)
{
	int			category = ERRCODE_TO_CATEGORY(sqlstate);

	return category == ERRCODE_SYNTAX_ERROR_OR_ACCESS_RULE_VIOLATION ||
		category == ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE ||
		category == ERRCODE_INVALID_SCHEMA_NAME;
}

/* Is one of the names in the text or in the error? */
static bool
is_missed(const MigMissing *missing, const char *text, const ErrorData *error)
{
	ListCell   *lc;

	foreach(lc, missing->names)
	{
		const char *name = lfirst(lc);

		if (name != NULL &&
			(mentions(error->message, name) || mentions(text, name)))
			return true;
	}
	return false;
}

/*
 * Which of these statements, of MigMissing *, the one with this text and error
 * has missed; NULL: none.  One that could do anything is suspected last.
 */
const MigMissing *
mig_missing_find(List *missing, const char *text, const ErrorData *error)
{
	const MigMissing *suspect = NULL;
	ListCell   *lc;

	if (!is_about_objects(error->sqlerrcode))
		return NULL;
	foreach(lc, missing)
	{
		const MigMissing *one = lfirst(lc);

		if (is_missed(one, text, error))
			return one;
		if (one->anything)
			suspect = one;
	}
	return suspect;
}
