/*-------------------------------------------------------------------------
 *
 * effect_other.c
 *	  What statements on objects that are no tables, and on names, would do to
 *	  relations.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"

#include "classify.h"
#include "compat.h"
#include "effect_kinds.h"
#include "facts.h"

/* A lock on the relation of that name. */
static MigRel *
lock_named(MigShadow *shadow, const RangeVar *name, char kind, LOCKMODE mode,
		   MigEffect *effect)
{
	MigRel	   *rel = name ? mig_shadow_find(shadow, name, kind) : NULL;

	if (rel != NULL)
		mig_effect_lock(effect, rel, mode);
	return rel;
}

/* The same for a name in parts, of which the last ones are not its own. */
static void
lock_listed(MigShadow *shadow, List *names, int others, LOCKMODE mode,
			MigEffect *effect)
{
	MigRel	   *rel;

	if (list_length(names) <= others)
		return;
	rel = mig_shadow_find_list(shadow,
							   list_copy_head(names,
											  list_length(names) - others),
							   RELKIND_RELATION);
	if (rel != NULL)
		mig_effect_lock(effect, rel, mode);
}

/*
 * Triggers, rules, policies, statistics
 */

static void
create_trigger(MigShadow *shadow, CreateTrigStmt *stmt, MigEffect *effect)
{
	MigRel	   *rel = lock_named(shadow, stmt->relation, RELKIND_RELATION,
								 ShareRowExclusiveLock, effect);

	if (rel != NULL && stmt->row && rel->kind == RELKIND_PARTITIONED_TABLE)
		mig_effect_lock_family(effect, rel, ShareRowExclusiveLock);
	lock_named(shadow, stmt->constrrel, RELKIND_RELATION, AccessShareLock,
			   effect);
}

static void
create_statistics(MigShadow *shadow, CreateStatsStmt *stmt, MigEffect *effect)
{
	ListCell   *lc;

	foreach(lc, stmt->relations)
	{
		if (IsA(lfirst(lc), RangeVar))
			lock_named(shadow, lfirst(lc), RELKIND_RELATION,
					   ShareUpdateExclusiveLock, effect);
	}
}

/*
 * COMMENT, SECURITY LABEL, GRANT
 */

/* What is said of an object locks its relation. */
static void
describe(MigShadow *shadow, ObjectType type, Node *object, MigEffect *effect)
{
	switch (type)
	{
		case OBJECT_TABLE:
		case OBJECT_INDEX:
		case OBJECT_VIEW:
		case OBJECT_MATVIEW:
		case OBJECT_SEQUENCE:
		case OBJECT_FOREIGN_TABLE:
			lock_listed(shadow, castNode(List, object), 0,
						ShareUpdateExclusiveLock, effect);
			break;
		case OBJECT_COLUMN:
			lock_listed(shadow, castNode(List, object), 1,
						ShareUpdateExclusiveLock, effect);
			break;
		case OBJECT_TABCONSTRAINT:
		case OBJECT_TRIGGER:
		case OBJECT_RULE:
		case OBJECT_POLICY:
			lock_listed(shadow, castNode(List, object), 1, AccessShareLock,
						effect);
			break;
		default:
			break;
	}
}

static void
grant(MigShadow *shadow, GrantStmt *stmt, MigEffect *effect)
{
	ListCell   *lc;

	if (!mig_grant_locks() || stmt->targtype != ACL_TARGET_OBJECT ||
		(stmt->objtype != OBJECT_TABLE && stmt->objtype != OBJECT_SEQUENCE))
		return;
	foreach(lc, stmt->objects)
		lock_named(shadow, lfirst_node(RangeVar, lc), RELKIND_RELATION,
				   AccessShareLock, effect);
}

/*
 * Names
 */

static void
rename_object(MigShadow *shadow, RenameStmt *stmt, MigEffect *effect)
{
	MigRel	   *rel = NULL;

	if (stmt->relation != NULL)
		rel = mig_shadow_find(shadow, stmt->relation,
							  stmt->renameType == OBJECT_INDEX ? RELKIND_INDEX :
							  stmt->renameType == OBJECT_VIEW ? RELKIND_VIEW :
							  RELKIND_RELATION);
	else if (stmt->renameType == OBJECT_TYPE && stmt->object != NULL &&
			 IsA(stmt->object, List))
		rel = mig_shadow_find_list(shadow, (List *) stmt->object, 0);
	if (rel == NULL)
		return;
	switch (stmt->renameType)
	{
		case OBJECT_COLUMN:
		case OBJECT_ATTRIBUTE:
		case OBJECT_TABCONSTRAINT:
			if (stmt->relation->inh)
				mig_effect_lock_family(effect, rel, AccessExclusiveLock);
			else
				mig_effect_lock(effect, rel, AccessExclusiveLock);
			break;
		case OBJECT_TRIGGER:
			mig_effect_lock(effect, rel, AccessExclusiveLock);
			if (rel->kind == RELKIND_PARTITIONED_TABLE)
				mig_effect_lock_family(effect, rel, AccessExclusiveLock);
			break;
		default:
			/* the kind of the relation decides, not that of the statement */
			mig_effect_lock(effect, rel, rel->index != NULL ||
							rel->kind == RELKIND_INDEX ?
							ShareUpdateExclusiveLock : AccessExclusiveLock);
	}
}

/* SET SCHEMA: the sequences of a table move along, and the indexes. */
static void
set_schema(MigShadow *shadow, AlterObjectSchemaStmt *stmt, MigEffect *effect)
{
	MigRel	   *rel = lock_named(shadow, stmt->relation, RELKIND_RELATION,
								 AccessExclusiveLock, effect);
	ListCell   *lc;

	if (stmt->objectType == OBJECT_EXTENSION)
		effect->unknown = true;
	if (rel == NULL)
		return;
	foreach(lc, mig_rel_owned_sequences(rel))
		mig_effect_lock(effect, lfirst(lc), AccessExclusiveLock);
}

/*
 * Sequences, domains
 */

/* OWNED BY table.column */
static void
own(MigShadow *shadow, List *options, MigEffect *effect)
{
	ListCell   *lc;

	foreach(lc, options)
	{
		DefElem    *option = lfirst_node(DefElem, lc);

		if (strcmp(option->defname, "owned_by") == 0 && option->arg != NULL &&
			IsA(option->arg, List))
			lock_listed(shadow, (List *) option->arg, 1, AccessShareLock,
						effect);
	}
}

/* Does it say more than whose the sequence is? */
static bool
is_changed(List *options)
{
	return list_length(options) != 1 ||
		strcmp(linitial_node(DefElem, options)->defname, "owned_by") != 0;
}

static void
alter_sequence(MigShadow *shadow, AlterSeqStmt *stmt, MigEffect *effect)
{
	MigRel	   *rel = lock_named(shadow, stmt->sequence, RELKIND_SEQUENCE,
								 ShareRowExclusiveLock, effect);

	if (rel != NULL)
	{
		mig_effect_lock(effect, rel, RowExclusiveLock);
		mig_effect_touch(effect, rel)->rewrites = is_changed(stmt->options);
	}
	own(shadow, stmt->options, effect);
}

/* Rows of all tables that use the domain are checked. */
static void
alter_domain(MigShadow *shadow, AlterDomainStmt *stmt, MigEffect *effect)
{
	TypeName	name = {0};
	ListCell   *lc;

	if (strchr("COV", stmt->subtype) == NULL)
		return;
	if (stmt->subtype == 'C' && stmt->def != NULL && IsA(stmt->def, Constraint) &&
		((Constraint *) stmt->def)->skip_validation)
		return;
	name.names = stmt->typeName;
	foreach(lc, mig_shadow_type_users(shadow, &name))
	{
		MigRel	   *rel = lfirst(lc);

		if (!RELKIND_HAS_STORAGE(rel->kind) || rel->index != NULL)
			continue;
		mig_effect_lock(effect, rel, ShareLock);
		mig_effect_scan(effect, rel);
	}
}

/*
 * Publications, LOCK
 */

static void
publish(MigShadow *shadow, List *objects, MigEffect *effect)
{
	ListCell   *lc;

	foreach(lc, objects)
	{
		PublicationObjSpec *object = lfirst_node(PublicationObjSpec, lc);
		MigRel	   *rel;

		if (object->pubobjtype != PUBLICATIONOBJ_TABLE ||
			object->pubtable == NULL || object->pubtable->relation == NULL)
			continue;
		rel = lock_named(shadow, object->pubtable->relation, RELKIND_RELATION,
						 ShareUpdateExclusiveLock, effect);
		if (rel != NULL && rel->kind == RELKIND_RELATION &&
			object->pubtable->relation->inh)
			mig_effect_lock_family(effect, rel, ShareUpdateExclusiveLock);
	}
}

/* What a view reads is locked, too. */
static void
lock_view(MigRel *view, LOCKMODE mode, MigEffect *effect, List *above)
{
	ListCell   *lc;

	if (view->kind != RELKIND_VIEW || list_member_ptr(above, view))
		return;
	above = lappend(list_copy(above), view);
	foreach(lc, mig_rel_sources(view))
	{
		mig_effect_lock_family(effect, lfirst(lc), mode);
		lock_view(lfirst(lc), mode, effect, above);
	}
}

static void
lock_tables(MigShadow *shadow, LockStmt *stmt, MigEffect *effect)
{
	ListCell   *lc;

	foreach(lc, stmt->relations)
	{
		RangeVar   *name = lfirst_node(RangeVar, lc);
		MigRel	   *rel = lock_named(shadow, name, RELKIND_RELATION, stmt->mode,
									 effect);

		if (rel == NULL)
			continue;
		if (name->inh)
			mig_effect_lock_family(effect, rel, stmt->mode);
		lock_view(rel, stmt->mode, effect, NIL);
	}
}

/*
 * Statements
 */

/* Nothing is read before the first FETCH. */
static void
declare_cursor(MigShadow *shadow, DeclareCursorStmt *stmt, MigEffect *effect)
{
	ListCell   *lc;

	mig_effect_query(shadow, stmt->query, true, effect);
	foreach(lc, effect->touches)
		((MigTouch *) lfirst(lc))->scans = false;
}

/* Statements that act on a table by way of what is attached to it. */
static bool
attached(MigShadow *shadow, Node *stmt, MigEffect *effect)
{
	switch (nodeTag(stmt))
	{
		case T_CreateTrigStmt:
			create_trigger(shadow, (CreateTrigStmt *) stmt, effect);
			return true;
		case T_CreateStatsStmt:
			create_statistics(shadow, (CreateStatsStmt *) stmt, effect);
			return true;
		case T_RuleStmt:
			lock_named(shadow, ((RuleStmt *) stmt)->relation, RELKIND_RELATION,
					   AccessExclusiveLock, effect);
			return true;
		case T_CreatePolicyStmt:
			lock_named(shadow, ((CreatePolicyStmt *) stmt)->table,
					   RELKIND_RELATION, AccessExclusiveLock, effect);
			return true;
		case T_AlterPolicyStmt:
			lock_named(shadow, ((AlterPolicyStmt *) stmt)->table,
					   RELKIND_RELATION, AccessExclusiveLock, effect);
			return true;
		case T_AlterObjectDependsStmt:
			lock_named(shadow, ((AlterObjectDependsStmt *) stmt)->relation,
					   RELKIND_RELATION, AccessShareLock, effect);
			return true;
		case T_CommentStmt:
			describe(shadow, ((CommentStmt *) stmt)->objtype,
					 ((CommentStmt *) stmt)->object, effect);
			return true;
		case T_SecLabelStmt:
			describe(shadow, ((SecLabelStmt *) stmt)->objtype,
					 ((SecLabelStmt *) stmt)->object, effect);
			return true;
		default:
			return false;
	}
}

/* Statements that run what is not seen from here. */
static bool
unseen(Node *stmt)
{
	switch (nodeTag(stmt))
	{
		case T_DoStmt:
		case T_CallStmt:
		case T_ExecuteStmt:
		case T_AlterExtensionStmt:
		case T_AlterExtensionContentsStmt:
		case T_ImportForeignSchemaStmt:
		case T_DropOwnedStmt:
		case T_ReassignOwnedStmt:
			return true;
		default:
			return false;
	}
}

/* All that has no module of its own. */
void
mig_effect_other(MigShadow *shadow, Node *stmt, MigEffect *effect)
{
	effect->unknown |= unseen(stmt);
	if (attached(shadow, stmt, effect))
		return;
	switch (nodeTag(stmt))
	{
		case T_GrantStmt:
			grant(shadow, (GrantStmt *) stmt, effect);
			break;
		case T_RenameStmt:
			rename_object(shadow, (RenameStmt *) stmt, effect);
			break;
		case T_AlterObjectSchemaStmt:
			set_schema(shadow, (AlterObjectSchemaStmt *) stmt, effect);
			break;
		case T_CreateSeqStmt:
			own(shadow, ((CreateSeqStmt *) stmt)->options, effect);
			break;
		case T_AlterSeqStmt:
			alter_sequence(shadow, (AlterSeqStmt *) stmt, effect);
			break;
		case T_AlterDomainStmt:
			alter_domain(shadow, (AlterDomainStmt *) stmt, effect);
			break;
		case T_CreatePublicationStmt:
			publish(shadow, ((CreatePublicationStmt *) stmt)->pubobjects, effect);
			break;
		case T_AlterPublicationStmt:
			publish(shadow, ((AlterPublicationStmt *) stmt)->pubobjects, effect);
			break;
		case T_LockStmt:
			lock_tables(shadow, (LockStmt *) stmt, effect);
			break;
		case T_ExplainStmt:
			if (IsA(((ExplainStmt *) stmt)->query, CreateTableAsStmt))
				break;
			mig_effect_query(shadow, ((ExplainStmt *) stmt)->query,
							 mig_option_is(((ExplainStmt *) stmt)->options,
											 "analyze", true), effect);
			break;
		case T_DeclareCursorStmt:
			declare_cursor(shadow, (DeclareCursorStmt *) stmt, effect);
			break;
		default:
			break;
	}
}
