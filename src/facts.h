/*-------------------------------------------------------------------------
 *
 * facts.h
 *	  Questions about a change that the server's own functions answer.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_FACTS_H
#define MIG_FACTS_H

#include "catalog/objectaddress.h"

#include "facts_expression.h"

/* What it costs to add a column; the first that applies. */
typedef enum MigAddColumn
{
	MIG_ADD_INSTANT,
	MIG_ADD_SERIAL,
	MIG_ADD_IDENTITY,
	MIG_ADD_STORED,				/* a stored generated column */
	MIG_ADD_DOMAIN,				/* its domain has constraints, or a volatile
								 * default */
	MIG_ADD_VOLATILE			/* its default is volatile */
} MigAddColumn;

/* What it costs to change a column's type. */
typedef struct MigTypeChange
{
	bool		known;			/* else the pessimistic answer */
	bool		rewrites;
	bool		narrows;		/* values may not fit */
	Oid			type;
	int32		typmod;
	List	   *checks;			/* of MigConstraint *: verified again */
	List	   *indexes;		/* of MigRel *: rebuilt, without a rewrite */
	List	   *foreign_keys;	/* of MigForeignKey *: made again */
	bool		compares_anew;	/* those have their rows checked, too */
} MigTypeChange;

/* What depends on a relation or a column. */
typedef struct MigDependent
{
	const char *kind;			/* "view", "policy", ... */
	const char *label;			/* "view public.v" */
	Oid			classid;
	Oid			objid;
	int			objsubid;
	char		deptype;
} MigDependent;

/* facts.c */
extern Oid	mig_fact_type(MigShadow *shadow, TypeName *name, int32 *typmod);
extern const char *mig_fact_type_label(MigShadow *shadow, TypeName *name);
extern bool mig_fact_type_has_constraints(Oid type);
extern MigAddColumn mig_fact_add_column(MigRel *rel, ColumnDef *column);
extern bool mig_fact_index_supports(MigRel *rel, List *columns);
extern int64 mig_fact_last_value(Oid sequence);

/* facts_change.c */
extern MigTypeChange *mig_fact_type_change(MigRel *rel, MigColumn *column,
										   ColumnDef *definition);

/* facts_proof.c */
extern bool mig_fact_proves_not_null(MigRel *rel, MigColumn *column);
extern bool mig_fact_proves_bound(MigRel *parent, MigRel *partition,
								  PartitionBoundSpec *bound);
extern bool mig_fact_default_excludes(MigRel *parent, MigRel *default_partition,
									  PartitionBoundSpec *bound);
extern char *mig_fact_bound_text(MigRel *parent, PartitionBoundSpec *bound);

/* facts_depend.c */
extern const char *mig_fact_object_label(const ObjectAddress *address);
extern List *mig_fact_dependents(MigRel *rel, MigColumn *column);

#endif							/* MIG_FACTS_H */
