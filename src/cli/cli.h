/*-------------------------------------------------------------------------
 *
 * cli.h
 *	  What a call of pg_migrate is: its command, options and exit status.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "exits.h"
#include "util.h"

#define CLI_VERSION "1.0.0"

typedef struct Options Options;

/* Runs a command; returns the exit status. */
typedef int (*CommandFunction) (Options *options);

typedef struct Command
{
	const char *name;
	const char *arguments;		/* as --help shows them */
	const char *summary;		/* one line */
	const char *help;			/* what else --help says */
	int			least;			/* arguments */
	int			most;
	const char *options;		/* letters of options[] in options.c */
	CommandFunction run;
} Command;

/* A call as it was typed. */
struct Options
{
	const Command *command;
	Vector		arguments;		/* of char *, without the command */

	const char *host;
	const char *port;
	const char *user;
	const char *database;		/* a name, a URI or a conninfo string */
	bool		ask_password;	/* -W */
	bool		never_ask;		/* -w */

	const char *project;
	const char *layout;
	const char *target;			/* --to */
	const char *reason;
	const char *table;
	const char *format;
	const char *level;
	const char *fail_on;
	const char *only;			/* a version */
	const char *assume;
	const char *lock_timeout;
	Vector		variables;		/* of char *: name=value */
	Vector		settings;
	int			timeout;		/* seconds; -1: not given */
	int			limit;
	bool		json;
	bool		dry_run;
	bool		exit_code;
	bool		rules;
	bool		force;
};

extern const Command commands[];

/* in options.c */
extern void options_parse(Options *options, int argc, char **argv);
extern void options_need_directory(const Options *options, const char *directory);
extern const char *option_argument(const Options *options, int n);
extern void usage_error(const Options *options, const char *format, ...) PRINTF_LIKE(2, 3) NO_RETURN;

/* the commands, by the file they are in */
extern int	command_up(Options *options);
extern int	command_down(Options *options);
extern int	command_redo(Options *options);
extern int	command_wait(Options *options);
extern int	command_lint(Options *options);
extern int	command_plan(Options *options);
extern int	command_dry_run(Options *options);
extern int	command_verify(Options *options);
extern int	command_push(Options *options);
extern int	command_status(Options *options);
extern int	command_history(Options *options);
extern int	command_version(Options *options);
extern int	command_init(Options *options);
extern int	command_resolve(Options *options);
extern int	command_baseline(Options *options);
extern int	command_adopt(Options *options);
extern int	command_new(Options *options);
extern int	command_help(Options *options);

#endif							/* CLI_CLI_H */
