/*-------------------------------------------------------------------------
 *
 * shadow.h
 *	  The catalog as the statements of a set of scripts will have left it.
 *
 * Nothing is executed and no lock is kept: what is in the catalog is read when
 * it is asked for, and what a statement of the set would do to it is applied
 * to the copy.  So a script is judged against the tables, columns and
 * constraints that will be there when its turn comes.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_SHADOW_H
#define MIG_SHADOW_H

#include "access/attnum.h"
#include "nodes/parsenodes.h"
#include "nodes/pg_list.h"
#include "utils/hsearch.h"

typedef struct MigShadow
{
	MemoryContext context;		/* of all that belongs to it */
	HTAB	   *names;			/* (schema, name) to MigRel; a NULL one: gone */
	HTAB	   *oids;			/* OID to MigRel */
	List	   *path;			/* of char *: schemas in which names are looked
								 * up, as search_path is now */
	List	   *initial_path;	/* that of the session */
	bool		assume_large;	/* what does not exist here is taken for large */
	int			transaction;	/* number of the transaction of the set, from 1 */
	List	   *schemas;		/* of MigNamed: created, renamed, dropped */
	List	   *types;			/* of MigNamed: created, changed, dropped */
	List	   *routines;		/* of MigNamed: created, replaced, dropped */
	List	   *settings;		/* of MigSetting: what the script has set */
	bool		foreign_keys_read;	/* all tables that have some are known */
	AlterTableStmt *altering;	/* whose effects are being looked at; NULL: none */
} MigShadow;

/* An object of the set that is no relation. */
typedef struct MigNamed
{
	const char *schema;			/* NULL: it has none */
	const char *name;
	int			transaction;	/* in which the set created or changed it */
	bool		dropped;
	bool		made;			/* created by the set, not only changed */
	const char *was;			/* of a schema: its name in the catalog; NULL: it
								 * is not there */
	int			arguments;		/* of a routine: of its input; -1: any */
	int			required;		/* of them: those without a default */
	List	   *added;			/* of MigAddedValue: to an enum */
	Node	   *stmt;			/* the statement that created it, or was the last
								 * to change it */
} MigNamed;

/* A value of an enum. */
typedef struct MigAddedValue
{
	const char *value;
	int			transaction;	/* which added it; before its end it cannot be
								 * used */
} MigAddedValue;

/* What SET, SET LOCAL or set_config() gave. */
typedef struct MigSetting
{
	const char *name;
	const char *value;			/* NULL: as found */
	bool		local;			/* until the end of the transaction */
} MigSetting;

typedef struct MigColumn
{
	const char *name;			/* NULL: dropped */
	AttrNumber	attnum;			/* from 1; its position in 'columns' is one
								 * less */
	Oid			type;			/* InvalidOid: the set creates it, or unknown */
	int32		typmod;
	Oid			collation;
	bool		not_null;		/* proven: a NOT NULL that is NOT VALID (18) is
								 * not */
	bool		has_default;
	char		identity;		/* as pg_attribute */
	char		generated;
	int			created_in;		/* transaction; 0: it exists here */
	ColumnDef  *definition;		/* of a created one */
} MigColumn;

typedef struct MigConstraint
{
	Oid			oid;
	const char *name;
	char		type;			/* CONSTRAINT_* of pg_constraint.h */
	bool		valid;
	bool		enforced;
	bool		no_inherit;
	bool		deferrable;
	bool		deferred;		/* is it checked at the end of the transaction? */
	List	   *columns;		/* of int: attnums */
	struct MigRel *foreign;		/* referenced table; NULL: none or unknown */
	List	   *foreign_columns;	/* of int: attnums there */
	char		on_delete;		/* FKCONSTR_ACTION_* */
	Node	   *check;			/* of an existing CHECK: the stored expression */
	struct MigRel *index;		/* of UNIQUE, PRIMARY KEY, EXCLUDE */
	int			created_in;
	Constraint *definition;		/* of a created one */
	bool		dropped;
} MigConstraint;

/* What a MigRel of kind i or I is besides. */
typedef struct MigIndex
{
	struct MigRel *table;
	List	   *columns;		/* of int: attnums of the key; 0: expression */
	List	   *included;		/* of int: attnums of INCLUDE */
	List	   *opclasses;		/* of Oid; InvalidOid: the default one */
	List	   *collations;		/* of Oid, as opclasses */
	List	   *options;		/* of int: INDOPTION_* */
	Oid			method;			/* access method */
	bool		unique;
	bool		primary;
	bool		valid;
	bool		ready;
	bool		live;
	bool		partial;
	bool		expressions;
	bool		clustered;
	bool		replica_identity;
	bool		constraint;		/* belongs to a constraint */
	List	   *used;			/* of int: attnums of all columns that it uses,
								 * in expressions and predicate too */
	IndexStmt  *definition;		/* of a created one */
} MigIndex;

typedef struct MigRel
{
	MigShadow  *shadow;
	Oid			oid;			/* InvalidOid: not in the catalog */
	const char *schema;
	const char *name;
	char		kind;			/* RELKIND_* */
	char		persistence;	/* RELPERSISTENCE_* */
	bool		partition;		/* is one */
	bool		dropped;
	bool		assumed;		/* nowhere, but taken for a large one */
	int			created_in;		/* transaction; 0: it exists here */
	bool		filled;			/* created by the set, and given rows since */
	Oid			method;			/* table access method */
	Oid			tablespace;		/* 0: the database's */
	char		replica_identity;
	bool		row_security;
	bool		populated;		/* matviews */
	Oid			row_type;
	bool		open;			/* may have columns that are not known */
	MigIndex   *index;			/* of kind i and I */
	int			held;			/* bits of the lock modes that are held ... */
	int			held_in;		/* ... in this transaction of the set */
	struct MigRel *owner;		/* of a sequence: the table that it goes with */
	AttrNumber	owner_column;
	List	   *sequences;		/* of MigRel *: those that the set gave it */
	bool		triggers;		/* the set gave it some */
	Node	   *definition;		/* the statement that made it */

	/* read when asked for: use the functions below */
	bool		columns_read;
	List	   *columns;		/* of MigColumn *, dropped ones too */
	bool		constraints_read;
	List	   *constraints;	/* of MigConstraint * */
	bool		indexes_read;
	List	   *indexes;		/* of MigRel * */
	bool		size_read;
	int64		bytes;			/* of the heap and its TOAST table */
	double		rows;			/* estimated */
	bool		parents_read;
	List	   *parents;		/* of MigRel *: direct ones */
	bool		children_read;
	List	   *children;		/* of MigRel *: direct ones */
	bool		default_read;
	struct MigRel *default_partition;
	List	   *referencing;	/* of MigForeignKey * */
	bool		sources_read;
	List	   *sources;		/* of MigRel *: what a view reads */
} MigRel;

/* A foreign key, seen from the referenced table. */
typedef struct MigForeignKey
{
	MigRel	   *table;			/* the referencing one */
	MigConstraint *constraint;
} MigForeignKey;

/* shadow_find.c: finding */
extern MigShadow *mig_shadow_create(bool assume_large);
extern MigRel *mig_shadow_find(MigShadow *shadow, const RangeVar *name,
							   char assumed_kind);
extern MigRel *mig_shadow_find_named(MigShadow *shadow, const char *schema,
									 const char *name);
extern MigRel *mig_shadow_find_list(MigShadow *shadow, List *names,
									char assumed_kind);
extern MigRel *mig_shadow_of_oid(MigShadow *shadow, Oid oid);
extern const char *mig_shadow_creation_schema(MigShadow *shadow,
											  const RangeVar *name);
extern List *mig_shadow_relations(MigShadow *shadow);

/* shadow_find.c: changing */
extern MigRel *mig_shadow_put(MigShadow *shadow, const char *schema,
							  const char *name, char kind);
extern void mig_shadow_remove(MigRel *rel);
extern void mig_shadow_move(MigRel *rel, const char *schema, const char *name);
extern MigColumn *mig_rel_add_column(MigRel *rel, const char *name);
extern MigConstraint *mig_rel_add_constraint(MigRel *rel, const char *name,
											 char type);
extern void mig_shadow_append(MigShadow *shadow, List **list, void *item);
extern void mig_shadow_append_int(MigShadow *shadow, List **list, int item);
extern void *mig_shadow_keep(MigShadow *shadow, const void *node);

/* shadow_named.c: objects that are no relations */
extern bool mig_shadow_schema_exists(MigShadow *shadow, const char *schema);
extern const char *mig_shadow_schema_was(MigShadow *shadow, const char *schema);
extern const char *mig_shadow_schema_now(MigShadow *shadow, const char *schema);
extern MigNamed *mig_shadow_schema_made(MigShadow *shadow, const char *schema);
extern MigNamed *mig_shadow_type_made(MigShadow *shadow, const char *schema,
									  const char *name);
extern MigNamed *mig_shadow_routine_made(MigShadow *shadow, const char *schema,
										 const char *name);
extern bool mig_shadow_type_exists(MigShadow *shadow, TypeName *name);
extern Oid	mig_shadow_type_oid(MigShadow *shadow, TypeName *name);
extern List *mig_shadow_type_users(MigShadow *shadow, TypeName *name);
extern bool mig_shadow_routine_exists(MigShadow *shadow, List *name, int nargs);
extern List *mig_shadow_split_name(const char *name);
extern MigNamed *mig_shadow_note(MigShadow *shadow, List **objects,
								 const char *schema, const char *name);

/* shadow_settings.c: settings, and the path that they make */
extern void mig_shadow_begin_session(MigShadow *shadow);
extern void mig_shadow_end_transaction(MigShadow *shadow);
extern const char *mig_shadow_setting(MigShadow *shadow, const char *name);
extern void mig_shadow_apply_set(MigShadow *shadow, VariableSetStmt *stmt);
extern void mig_shadow_apply_set_config(MigShadow *shadow, SelectStmt *stmt);

/* shadow_read.c: what the catalog has of a relation */
extern List *mig_rel_columns(MigRel *rel);
extern MigColumn *mig_rel_column(MigRel *rel, const char *name);
extern MigColumn *mig_rel_attribute(MigRel *rel, AttrNumber attnum);
extern List *mig_rel_constraints(MigRel *rel);
extern MigConstraint *mig_rel_constraint(MigRel *rel, const char *name);
extern MigConstraint *mig_rel_primary_key(MigRel *rel);
extern List *mig_rel_indexes(MigRel *rel);
extern int64 mig_rel_bytes(MigRel *rel);
extern double mig_rel_rows(MigRel *rel);

extern void mig_shadow_load(MigRel *rel);

/* shadow_family.c: what relations are to each other */
extern List *mig_rel_children(MigRel *rel, bool all);
extern List *mig_rel_parents(MigRel *rel);
extern bool mig_rel_loses(MigRel *rel, const MigConstraint *constraint);
extern List *mig_shadow_truncated(MigShadow *shadow, TruncateStmt *stmt);
extern MigRel *mig_rel_default_partition(MigRel *rel);
extern List *mig_rel_referencing(MigRel *rel);
extern List *mig_rel_sources(MigRel *rel);
extern List *mig_rel_views(MigRel *rel);
extern List *mig_rel_owned_sequences(MigRel *rel);
extern void mig_rel_own(MigRel *sequence, MigRel *rel, AttrNumber attnum);
extern void mig_rel_link(MigRel *parent, MigRel *child);
extern void mig_rel_unlink(MigRel *parent, MigRel *child);
extern void mig_rel_reference(MigRel *rel, MigConstraint *constraint,
							  MigRel *foreign);

/* shadow_apply.c: the shadow after a statement */
extern void mig_shadow_apply(MigShadow *shadow, Node *stmt);

/* shadow_find.c: words and verdicts */
extern const char *mig_rel_label(const MigRel *rel);
extern const char *mig_rel_part_label(const MigRel *rel, const char *part);
extern const char *mig_rel_sized_label(MigRel *rel);
extern bool mig_rel_is_new(const MigRel *rel);
extern bool mig_rel_is_invisible(const MigRel *rel);
extern bool mig_rel_is_empty(MigRel *rel);
extern bool mig_rel_is_small(MigRel *rel);
extern bool mig_rel_has_storage(const MigRel *rel);

#endif							/* MIG_SHADOW_H */
