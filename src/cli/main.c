/*-------------------------------------------------------------------------
 *
 * main.c
 *	  pg_migrate: the commands.
 *
 * A thin client: it reads files, sends them, calls the functions of the
 * extension and prints.  What they mean, and what becomes of them, is for the
 * server to say.
 *
 *-------------------------------------------------------------------------
 */
#include "cli.h"
#include "screen.h"

const Command commands[] = {
	{"init", "", "create the extension in the database",
		"Does nothing if it is there already.",
	0, 0, "", command_init},
	{"new", "NAME [DIR]", "write the files of a new migration",
		"Their names and contents follow the directory's layout, with a UTC timestamp, or\n"
		"the next number if the directory counts.  Prints their paths.  DIR is else\n"
		"\"migrations\" or \"db/migrations\", whichever is there.\n\n"
		"Layouts: native, atlas, dbmate, diesel, flyway, golang-migrate, goose, hasura,\n"
		"liquibase, node-pg-migrate, postgrator, postgres-migrations, prisma, refinery,\n"
		"sql-migrate, sqlx, tern.",
	1, 2, "l", command_new},
	{"push", "DIR", "store the migrations of a directory in the database",
		"The server reads them as the layout has them; see doc/layouts.md.",
	1, 1, "lv", command_push},
	{"up", "[DIR]", "push DIR, if given, then apply what is pending",
		"With --dry-run, shows what would run, as plan does, and changes nothing.\n\n"
		"With --exit-code, the status is 5 if nothing was pending; with --dry-run, 6 if\n"
		"something is.",
	0, 1, "lvtne", command_up},
	{"lint", "[DIR]", "judge what is pending, with DIR, before it runs",
		"The server judges each statement against this database: its tables, their sizes,\n"
		"the locks that others would wait for.  Files of DIR that are not applied are judged\n"
		"with what is stored and pending; nothing is stored.\n\n"
		"The status is 1 if there are findings of --fail-on.",
	0, 1, "lvtfSFOAR", command_lint},
	{"plan", "[DIR]", "show what a run would do: a row per statement",
		"Steps, locks, scans and rewrites of what is pending, with DIR.  Nothing is stored\n"
		"and nothing runs.\n\n"
		"With --exit-code, the status is 6 if something is pending.",
	0, 1, "lvte", command_plan},
	{"dry-run", "", "run what is pending, show what it did, and undo it",
		"In one transaction that is rolled back.  It takes real locks while it runs.",
	0, 0, "tkx", command_dry_run},
	{"verify", "[VERSION]", "run up and down scripts, and show what differs after them",
		"In one transaction that is rolled back.  Without VERSION, of all that is pending.",
	0, 1, "", command_verify},
	{"down", "[N]", "roll back the newest migration, or N of them",
		"With --to, rolls back everything newer than that version.\n\n"
		"With --exit-code, the status is 5 if there was nothing to roll back.",
	0, 1, "te", command_down},
	{"redo", "", "roll back the newest migration and apply it again",
		"With --exit-code, the status is 5 if there was nothing to roll back.",
	0, 0, "e", command_redo},
	{"status", "", "show every migration and where it stands",
		"With --exit-code, the status is 1 if a migration is failed or partial, 6 if one\n"
		"is pending or running, else 0: for gates in CI and readiness probes.",
	0, 0, "e", command_status},
	{"history", "[VERSION]", "show what was done, newest last",
		"Shows the newest 50, unless --limit says otherwise.",
	0, 1, "L", command_history},
	{"resolve", "VERSION OUTCOME", "settle a migration by hand",
		"OUTCOME is one of:\n"
		"  applied       it is done; do not run it\n"
		"  rolled_back   it is undone; it becomes pending\n"
		"  accept        the next text that is pushed is what was applied",
	2, 2, "r", command_resolve},
	{"baseline", "VERSION", "mark everything up to VERSION as applied, without running it",
		"The way to start on a database that has its schema already.",
	1, 1, "r", command_baseline},
	{"adopt", "[TOOL]", "take over the history of another tool",
		"Push its directory first.  TOOL is found out from its table, if there is one only.\n"
		"With --dry-run, shows what would become of each migration.",
	0, 1, "Tn", command_adopt},
	{"wait", "[RUN]", "wait for the server to accept connections, or for a run",
		"Without RUN, gives up after 60 seconds unless --timeout says otherwise: status 4.\n"
		"With RUN, its end decides the status; after --timeout it is 6, and the run goes on.",
	0, 1, "o", command_wait},
	{"version", "", "show the versions of pg_migrate, the extension and the server",
		"",
	0, 0, "", command_version},
	{"help", "[COMMAND]", "show this, or the help of a command",
		"",
	0, 1, "", command_help},
	{0}
};

int
main(int argc, char **argv)
{
	Options		options = {0};

	/* before anything is said; whether it is to be JSON is not known yet */
	screen_init(false);
	options_parse(&options, argc, argv);
	screen_init(options.json);
	return screen_close(options.command->run(&options));
}
