/*-------------------------------------------------------------------------
 *
 * options.c
 *	  The command line as it was typed: options, --help, usage errors.
 *
 * Options may stand before and after the command.  Those of the connection
 * are psql's.
 *
 *-------------------------------------------------------------------------
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libpq-fe.h"

#include "cli.h"
#include "screen.h"

typedef enum OptionKind
{
	OPTION_TEXT,				/* a const char * */
	OPTION_LIST,				/* a Vector of name=value */
	OPTION_NUMBER,				/* an int */
	OPTION_FLAG					/* a bool; takes no value */
} OptionKind;

typedef struct Option
{
	char		letter;			/* of psql's short form, or only to refer to it */
	bool		is_short;
	const char *name;
	OptionKind	kind;
	size_t		field;			/* in Options */
	const char *value;			/* as --help shows it */
	const char *help;
} Option;

#define FIELD(name) offsetof(Options, name)

/* Those of every command. */
static const Option common_options[] = {
	{'h', true, "host", OPTION_TEXT, FIELD(host), "HOST", "server's host or directory of its socket"},
	{'p', true, "port", OPTION_TEXT, FIELD(port), "PORT", "server's port"},
	{'U', true, "username", OPTION_TEXT, FIELD(user), "NAME", "role to connect as"},
	{'d', true, "dbname", OPTION_TEXT, FIELD(database), "DB", "database: its name, a URI, or name=value pairs"},
	{'w', true, "no-password", OPTION_FLAG, FIELD(never_ask), NULL, "never ask for a password"},
	{'W', true, "password", OPTION_FLAG, FIELD(ask_password), NULL, "ask for a password before connecting"},
	{'P', false, "project", OPTION_TEXT, FIELD(project), "NAME", "project; else the server's setting migrate.project"},
	{'s', false, "set", OPTION_LIST, FIELD(settings), "NAME=VALUE", "a setting of the server, for this session and its runs"},
	{'j', false, "json", OPTION_FLAG, FIELD(json), NULL, "rows as one JSON array"},
};

/* Those that a command has to list. */
static const Option command_options[] = {
	{'l', false, "layout", OPTION_TEXT, FIELD(layout), "NAME", "whose files these are; else it is found out"},
	{'v', false, "var", OPTION_LIST, FIELD(variables), "NAME=VALUE", "what a placeholder of the files stands for"},
	{'t', false, "to", OPTION_TEXT, FIELD(target), "VERSION", "stop at this version"},
	{'n', false, "dry-run", OPTION_FLAG, FIELD(dry_run), NULL, "only say what would be done"},
	{'e', false, "exit-code", OPTION_FLAG, FIELD(exit_code), NULL, "tell by the exit status, see below"},
	{'r', false, "reason", OPTION_TEXT, FIELD(reason), "TEXT", "why, for the history"},
	{'T', false, "table", OPTION_TEXT, FIELD(table), "NAME", "the tool's history table; else it is found by its columns"},
	{'o', false, "timeout", OPTION_NUMBER, FIELD(timeout), "SECONDS", "give up after so long"},
	{'f', false, "format", OPTION_TEXT, FIELD(format), "NAME", "text, json, github, gitlab or sarif"},
	{'S', false, "level", OPTION_TEXT, FIELD(level), "SEVERITY", "show only error, or error and warning; else also notice"},
	{'F', false, "fail-on", OPTION_TEXT, FIELD(fail_on), "SEVERITY", "status 1 from error, warning or notice on, or never; else error"},
	{'O', false, "only", OPTION_TEXT, FIELD(only), "VERSION", "the findings of this migration alone"},
	{'A', false, "assume", OPTION_TEXT, FIELD(assume), "large", "take tables that do not exist here for large ones"},
	{'R', false, "rules", OPTION_FLAG, FIELD(rules), NULL, "list the rules instead"},
	{'k', false, "lock-timeout", OPTION_TEXT, FIELD(lock_timeout), "TIME", "give up waiting for a lock after so long; else 100ms"},
	{'x', false, "force", OPTION_FLAG, FIELD(force), NULL, "also if what is touched is large"},
	{'L', false, "limit", OPTION_NUMBER, FIELD(limit), "N", "only the newest N; 0: all"},
};

/*
 * Errors
 */

/* How many letters differ, about: for words that were mistyped. */
static int
distance(const char *a, const char *b)
{
	int			row[64];
	int			len = (int) strlen(b);

	if (len >= (int) lengthof(row))
		return INT_MAX;
	for (int j = 0; j <= len; j++)
		row[j] = j;
	for (int i = 1; a[i - 1] != '\0'; i++)
	{
		int			diagonal = row[0];

		row[0] = i;
		for (int j = 1; j <= len; j++)
		{
			int			changed = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (row[j - 1] + 1 < changed)
				changed = row[j - 1] + 1;
			row[j] = row[j] + 1 < changed ? row[j] + 1 : changed;
		}
	}
	return row[len];
}

void
usage_error(const Options *options, const char *format, ...)
{
	Text		text = {0};
	va_list		args;

	va_start(args, format);
	text_add_args(&text, format, args);
	va_end(args);
	complain("%s", text.data);
	if (options->command != NULL)
		tell("Try \"pg_migrate %s --help\".", options->command->name);
	else
		tell("Try \"pg_migrate --help\".");
	exit(screen_close(EXIT_USAGE));
}

/* What the extension's functions and other tools call our commands. */
static const char *const other_words[][2] = {
	{"apply", "up"}, {"migrate", "up"}, {"deploy", "up"}, {"run", "up"},
	{"rollback", "down"}, {"revert", "down"}, {"undo", "down"},
	{"load", "push"}, {"create", "new"}, {"add", "new"}, {"generate", "new"},
	{"check", "lint"}, {"info", "status"}, {"list", "status"}, {"log", "history"},
	{"force", "resolve"}, {"repair", "resolve"}, {"stamp", "baseline"}
};

static void NO_RETURN
unknown_command(const Options *options, const char *name)
{
	const char *near = NULL;
	/* of a short word, two other letters leave nothing */
	int			least = strlen(name) > 3 ? 3 : 2;

	for (size_t i = 0; i < lengthof(other_words); i++)
	{
		if (strcmp(name, other_words[i][0]) == 0)
		{
			near = other_words[i][1];
			least = 0;
		}
	}
	for (const Command *c = commands; c->name != NULL; c++)
	{
		if (distance(name, c->name) < least)
		{
			least = distance(name, c->name);
			near = c->name;
		}
	}
	usage_error(options, near ? "unknown command \"%s\"; did you mean \"%s\"?" :
				"unknown command \"%s\"", name, near);
}

/*
 * Help
 */

static void
print_options(const Option *list, size_t count, const char *letters)
{
	for (size_t i = 0; i < count; i++)
	{
		const Option *o = &list[i];
		Text		text = {0};

		if (letters != NULL && strchr(letters, o->letter) == NULL)
			continue;
		if (o->is_short)
			text_add_format(&text, "  -%c, --%s", o->letter, o->name);
		else
			text_add_format(&text, "      --%s", o->name);
		if (o->value != NULL)
			text_add_format(&text, "=%s", o->value);
		printf("%-27s %s\n", text.data, o->help);
		text_free(&text);
	}
}

static void
print_general_help(void)
{
	puts("pg_migrate: migrations that PostgreSQL itself stores and runs.\n\n"
		 "Usage: pg_migrate [OPTION]... [URI] COMMAND [ARGUMENT]...\n\n"
		 "Commands:");
	for (const Command *c = commands; c->name != NULL; c++)
	{
		char	   *usage = format("%s %s", c->name, c->arguments);

		printf("  %-24s %s\n", usage, c->summary);
		free(usage);
	}
	puts("\nOptions of every command, before or after it:");
	print_options(common_options, lengthof(common_options), NULL);
	puts("  -?, --help                show this, or the help of a command\n"
		 "  -V, --version             show the version of pg_migrate");
	puts("\nWhat is not given is taken from the environment (PGHOST, PGDATABASE, ...), as by\n"
		 "psql.\n\n"
		 "Exit status: 0 done, or nothing to do; 1 a migration failed, or lint found errors;\n"
		 "2 usage; 3 refused; 4 no connection.  With --exit-code also: 5 nothing was\n"
		 "pending; 6 something is.");
}

static void
print_command_help(const Command *command)
{
	printf("pg_migrate %s: %s\n\nUsage: pg_migrate [OPTION]... %s%s%s\n",
		   command->name, command->summary, command->name,
		   *command->arguments ? " " : "", command->arguments);
	if (*command->help)
		printf("\n%s\n", command->help);
	if (*command->options)
	{
		puts("\nOptions:");
		print_options(command_options, lengthof(command_options),
					  command->options);
	}
	puts("\nConnection and output: see pg_migrate --help.");
}

static void NO_RETURN
show_help(const Options *options)
{
	if (options->command == NULL)
		print_general_help();
	else
		print_command_help(options->command);
	exit(screen_close(EXIT_DONE));
}

int
command_help(Options *options)
{
	const char *name = option_argument(options, 0);

	options->command = NULL;
	for (const Command *c = commands; name != NULL && c->name != NULL; c++)
	{
		if (strcmp(c->name, name) == 0)
			options->command = c;
	}
	if (name != NULL && options->command == NULL)
		unknown_command(options, name);
	show_help(options);
}

/*
 * Parsing
 */

/* The n-th argument of the command, from 0; NULL if there is none. */
const char *
option_argument(const Options *options, int n)
{
	return n < options->arguments.count ? options->arguments.items[n] : NULL;
}

/* What tells how to read a directory needs one. */
void
options_need_directory(const Options *options, const char *directory)
{
	if (directory == NULL &&
		(options->layout != NULL || options->variables.count > 0))
		usage_error(options, "--layout and --var are for a DIR that is pushed");
}

static const Option *
find_option(const char *name, size_t len, char letter)
{
	for (size_t i = 0; i < lengthof(common_options) + lengthof(command_options); i++)
	{
		const Option *o = i < lengthof(common_options) ? &common_options[i] :
			&command_options[i - lengthof(common_options)];

		if (name == NULL ? o->is_short && o->letter == letter :
			strlen(o->name) == len && strncmp(o->name, name, len) == 0)
			return o;
	}
	return NULL;
}

static void
set_option(Options *options, const Option *o, const char *value)
{
	char	   *field = (char *) options + o->field;

	switch (o->kind)
	{
		case OPTION_TEXT:
			*(const char **) field = value;
			break;
		case OPTION_FLAG:
			*(bool *) field = true;
			break;
		case OPTION_NUMBER:
			if (!parse_int(value, 0, INT_MAX / 1000, (int *) field))
				usage_error(options, "--%s takes a number, not \"%s\"",
							o->name, value);
			break;
		case OPTION_LIST:
			if (strchr(value, '=') == NULL || *value == '=')
				usage_error(options, "--%s takes NAME=VALUE, not \"%s\"",
							o->name, value);
			vector_add((Vector *) field, (void *) value);
			break;
	}
}

/* Which options were typed, to be checked when the command is known. */
typedef struct Parser
{
	Options    *options;
	int			argc;
	char	  **argv;
	int			at;
	Vector		seen;			/* of Option * */
	bool		help;
} Parser;

static const char *
next_value(Parser *parser, const Option *o)
{
	if (parser->at + 1 >= parser->argc)
		usage_error(parser->options, "option --%s needs a value", o->name);
	return parser->argv[++parser->at];
}

static void
parse_long(Parser *parser, const char *text)
{
	const char *equals = strchr(text, '=');
	size_t		len = equals ? (size_t) (equals - text) : strlen(text);
	const Option *o;

	if (strcmp(text, "help") == 0)
	{
		parser->help = true;
		return;
	}
	if (strcmp(text, "version") == 0)
	{
		puts("pg_migrate " CLI_VERSION);
		exit(screen_close(EXIT_DONE));
	}
	o = find_option(text, len, '\0');
	if (o == NULL)
		usage_error(parser->options, "unknown option \"--%.*s\"", (int) len,
					text);
	if (o->kind == OPTION_FLAG && equals != NULL)
		usage_error(parser->options, "option --%s takes no value", o->name);
	set_option(parser->options, o, o->kind == OPTION_FLAG ? NULL :
			   equals ? equals + 1 : next_value(parser, o));
	vector_add(&parser->seen, (void *) o);
}

/* -wh HOST, -hHOST: letters of flags, then at most one with a value. */
static void
parse_short(Parser *parser, const char *text)
{
	for (; *text != '\0'; text++)
	{
		const Option *o = find_option(NULL, 0, *text);

		if (*text == '?')
		{
			parser->help = true;
			continue;
		}
		if (*text == 'V')
		{
			puts("pg_migrate " CLI_VERSION);
			exit(screen_close(EXIT_DONE));
		}
		if (o == NULL)
			usage_error(parser->options, "unknown option \"-%c\"", *text);
		if (o->kind == OPTION_FLAG)
		{
			set_option(parser->options, o, NULL);
			continue;
		}
		set_option(parser->options, o,
				   text[1] != '\0' ? text + 1 : next_value(parser, o));
		return;
	}
}

static bool
is_connection_string(const char *text)
{
	return starts_with(text, "postgres://") ||
		starts_with(text, "postgresql://") || strchr(text, '=') != NULL;
}

/* The command, the connection before it, or an argument. */
static void
parse_word(Parser *parser, const char *word)
{
	Options    *options = parser->options;

	if (options->command != NULL)
	{
		vector_add(&options->arguments, (void *) word);
		return;
	}
	if (is_connection_string(word))
	{
		if (options->database != NULL)
			usage_error(options, "the database is given twice: \"%s\" and \"%s\"",
						options->database, word);
		options->database = word;
		return;
	}
	for (const Command *c = commands; c->name != NULL; c++)
	{
		if (strcmp(c->name, word) == 0)
		{
			options->command = c;
			return;
		}
	}
	unknown_command(options, word);
}

static void
check_call(const Parser *parser)
{
	const Options *options = parser->options;
	const Command *command = options->command;

	for (int i = 0; i < parser->seen.count; i++)
	{
		const Option *o = parser->seen.items[i];
		bool		common = o >= common_options &&
			o < common_options + lengthof(common_options);

		if (!common && strchr(command->options, o->letter) == NULL)
			usage_error(options, "\"%s\" has no option --%s", command->name,
						o->name);
	}
	if (options->arguments.count < command->least)
		usage_error(options, "usage: pg_migrate %s %s", command->name,
					command->arguments);
	/* which may have a password in it */
	if (options->arguments.count > command->most &&
		is_connection_string(option_argument(options, command->most)))
		usage_error(options, "a connection string goes in front of \"%s\"",
					command->name);
	if (options->arguments.count > command->most)
		usage_error(options, "\"%s\" has an argument too many: \"%s\"",
					command->name, option_argument(options, command->most));
}

/* Reads the command line; what is wrong with it ends the program. */
void
options_parse(Options *options, int argc, char **argv)
{
	Parser		parser = {0};
	bool		words_only = false;

	parser.options = options;
	parser.argc = argc;
	parser.argv = argv;
	options->timeout = -1;
	options->limit = -1;
	for (parser.at = 1; parser.at < argc; parser.at++)
	{
		const char *word = argv[parser.at];

		if (!words_only && strcmp(word, "--") == 0)
			words_only = true;
		else if (!words_only && starts_with(word, "--"))
			parse_long(&parser, word + 2);
		else if (!words_only && word[0] == '-' && word[1] != '\0')
			parse_short(&parser, word + 1);
		else
			parse_word(&parser, word);
	}
	if (parser.help || (options->command == NULL && argc == 1))
		show_help(options);
	if (options->command == NULL)
		usage_error(options, "no command is given");
	check_call(&parser);
}
