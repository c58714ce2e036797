/*-------------------------------------------------------------------------
 *
 * db.h
 *	  The connection, and statements that can be watched and cancelled.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CLI_DB_H
#define CLI_DB_H

#include <poll.h>

#include "libpq-fe.h"

#include "cli.h"

/* Types of parameters; constants of the server's catalogs. */
enum
{
	DB_INT8 = 20,
	DB_INT4 = 23,
	DB_TEXT = 25,
	DB_BOOL = 16,
	DB_TEXT_ARRAY = 1009,
	DB_INTERVAL = 1186,
	DB_JSONB = 3802
};

#define DB_MAX_PARAMETERS 8

/* A statement, its parameters, and who watches it. */
typedef struct Query
{
	const char *sql;
	int			count;
	Oid			types[DB_MAX_PARAMETERS];
	const char *values[DB_MAX_PARAMETERS];
	int			lengths[DB_MAX_PARAMETERS];
	int			formats[DB_MAX_PARAMETERS];
	bool		binary;			/* the result */

	/*
	 * Called now and then; returns in how many milliseconds at the latest to
	 * call it again.  May ask to be called when something of its own is ready.
	 */
	int			(*tick) (void *arg, struct pollfd *own);
	void		(*on_cancel) (void *arg);
	void	   *arg;
} Query;

typedef struct Db
{
	PGconn	   *conn;
	const Options *options;

	/* who takes notices now; if nobody does, who takes them else */
	void		(*notice) (void *arg, const PGresult *notice);
	void	   *notice_arg;
	void		(*any_notice) (const PGresult *notice);

	int			signal;			/* that asked us to end; 0: none */
} Db;

extern Db  *db_connect(const Options *options);
extern PGconn *db_connect_quietly(const Options *options);
extern PGPing db_ping(const Options *options);
extern PGconn *db_start_another(const Db *db);
extern void db_close(Db *db);

extern void query_init(Query *query, const char *sql);
extern void query_text(Query *query, const char *value);
extern void query_value(Query *query, Oid type, const char *value);
extern void query_binary(Query *query, Oid type, const Text *value);

extern void db_cancel(Db *db);
extern PGresult *db_run(Db *db, Query *query);
extern bool db_is_lost(const Db *db);
extern bool result_is_good(const PGresult *result);
extern void result_add_row(PGresult *to, const PGresult *from, int row);

#endif							/* CLI_DB_H */
