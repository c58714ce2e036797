/*-------------------------------------------------------------------------
 *
 * catalog.h
 *	  Sole reader and writer of our tables: structs in, structs out.
 *
 * Everything here runs within the caller's transaction and in a session of
 * its own (see spi_util.h); results live in the caller's memory context.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_CATALOG_H
#define MIG_CATALOG_H

#include "nodes/pg_list.h"

#include "files.h"
#include "runctx.h"

typedef enum MigState
{
	MIG_PENDING,
	MIG_APPLIED,
	MIG_FAILED,
	MIG_PARTIAL
} MigState;

#define MIG_STATES 4

/* The words of status(). */
extern const char *const mig_state_names[MIG_STATES];

typedef struct MigMigration
{
	int64		id;
	char	   *project;
	char	   *version;		/* NULL for a repeatable */
	char	   *name;
	char	   *sort_key;
	bool		repeatable;
	char	   *path;			/* NULL: registered */
	char	   *layout;
	char	   *identity;		/* the tool's own; NULL: it has none */
	List	   *checksums;		/* of char *: the tool's */
	char	   *source;			/* checksum of the up script before its
								 * placeholders were replaced; NULL: it had
								 * none */
	char	   *stored_by;
	char	   *up;				/* checksums; the texts are mig_catalog_text's */
	int			up_line;
	bool		up_no_transaction;
	char	   *down;			/* NULL: there is none */
	int			down_line;
	bool		down_no_transaction;
	MigState	state;
	bool		state_down;		/* the state is of the down script */
	char	   *checksum;		/* of the text the state speaks of */
	bool		accept;
	bool		out_of_order;	/* a newer one is applied */
} MigMigration;

/* One row of the ledger. */
typedef struct MigLedgerStep
{
	int			first;
	int			last;
	char	   *checksum;
	bool		done;			/* else: started, outcome unknown */
	List	   *before;			/* of char *: see leftover.h */
	List	   *settings;		/* of char *: name, value, ... */
	bool		temporary;		/* the session had temporary objects */
} MigLedgerStep;

extern char *mig_checksum(const char *text, int len);

extern void mig_catalog_lock(void);

/* migrations and their states */
extern List *mig_catalog_list(const char *project);
extern List *mig_catalog_pending(const char *project);
extern MigMigration *mig_catalog_find(const char *project, bool repeatable,
									  const char *sort_key);
extern List *mig_catalog_find_named(const char *project, const char *name);
extern char *mig_catalog_layout(const char *project);
extern MigMigration *mig_catalog_get(int64 id);
extern bool mig_catalog_has_variables(int64 id, List *variables);
extern char *mig_catalog_script(const MigMigration *migration, bool down);
extern char *mig_catalog_text(const char *checksum);
extern void mig_catalog_insert(const char *project, List *definitions);
extern void mig_catalog_replace(int64 id, const MigDefinition *definition);
extern void mig_catalog_rekey(List *migrations);
extern void mig_catalog_change_kind(const MigMigration *migration);
extern void mig_catalog_delete(int64 id);

extern void mig_catalog_set_state(const MigMigration *migration,
								  MigState state, bool down,
								  const char *checksum, int64 elapsed,
								  const char *note);
extern void mig_catalog_adopt(const MigMigration *migration, MigState state,
							  const char *applied_at, const char *applied_by,
							  const char *note);
extern void mig_catalog_repeat_all(const char *project);
extern void mig_catalog_still_applied(int64 id, const char *note);
extern void mig_catalog_allow_edit(int64 id);
extern void mig_catalog_accept_edit(int64 id, const char *checksum);

/* the ledger */
extern List *mig_catalog_steps(int64 id, bool down);
extern void mig_catalog_put_step(int64 id, bool down, int64 run,
								 const MigLedgerStep *step);
extern void mig_catalog_drop_step(int64 id, bool down, int first);
extern void mig_catalog_drop_steps(int64 id);

#endif							/* MIG_CATALOG_H */
