/*-------------------------------------------------------------------------
 *
 * tools.h
 *	  How other tools keep their history in a database.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_TOOLS_H
#define MIG_TOOLS_H

/* What may stand for what a tool's history calls a migration. */
typedef enum MigToolKey
{
	MIG_TOOL_NUMBER,			/* a number: files of other numbered layouts
								 * too */
	MIG_TOOL_NAME,				/* a version or a file's name: plain files too */
	MIG_TOOL_OWN				/* only what the tool's own layout makes of it */
} MigToolKey;

/* What is at or below a row of which no file is loaded. */
typedef enum MigToolOrder
{
	MIG_TOOL_BY_VALUE,
	MIG_TOOL_BY_TEXT,
	MIG_TOOL_BY_PLAN			/* nobody knows */
} MigToolOrder;

/* The advisory lock that a tool holds while it runs. */
typedef enum MigToolLock
{
	MIG_TOOL_NO_LOCK,
	MIG_TOOL_LOCK_KEY,			/* that of lock_key */
	MIG_TOOL_LOCK_FLYWAY,
	MIG_TOOL_LOCK_GOLANG_MIGRATE,
	MIG_TOOL_LOCK_DATABASE		/* lock_key times the CRC-32 of the database's
								 * name */
} MigToolLock;

/*
 * One form of one tool's history table.
 *
 * 'columns' are those that tell it from others, each with the category of its
 * type as in pg_type.typcategory, the rarest name first.  'query' reads from
 * "history"; its columns are those of the list at the top of tools.c.
 */
typedef struct MigTool
{
	const char *name;			/* the layout's */
	const char *columns;
	bool		exact;			/* it has no others */
	const char *table;			/* a part of its name, if the columns tell too
								 * little; NULL: any */
	MigToolKey	key;
	MigToolOrder order;
	MigToolLock lock;
	int64		lock_key;
	const char *lock_columns;	/* of the table that it locks by a row */
	const char *lock_query;		/* what that row says while it is locked */
	const char *query;
} MigTool;

extern const MigTool mig_tools[];
extern const int mig_tools_count;

extern bool mig_tool_is_known(const char *name);

#endif							/* MIG_TOOLS_H */
