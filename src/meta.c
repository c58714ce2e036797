/*-------------------------------------------------------------------------
 *
 * meta.c
 *	  psql's meta-commands: which do no harm, what to do instead of the rest.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "parser/scansup.h"

#include "meta.h"
#include "text.h"

typedef struct MetaCommand
{
	const char *name;
	const char *hint;			/* NULL: means nothing outside psql */
} MetaCommand;

#define HINT_INCLUDE \
	"Put the text itself in the migration, " \
	"or load the file as a migration of its own."
#define HINT_CONNECT \
	"Remove it: a migration runs in the database it is stored in."
#define HINT_COPY \
	"Use COPY ... FROM stdin with the data inline."
#define HINT_DATA \
	"Put the data on the lines below COPY ... FROM stdin."
#define HINT_VARIABLE \
	"Write the value itself where the variable is used."
#define HINT_EXECUTE \
	"End the statement with a semicolon; " \
	"use a DO block to run generated statements."
#define HINT_CONDITION \
	"Use a DO block with IF."
#define HINT_OTHER \
	"Remove it: a migration is run by the server, which knows SQL only."

static const MetaCommand meta_commands[] = {
	/* pg_dump writes these two to keep psql from meta-commands in the data */
	{"restrict", NULL},
	{"unrestrict", NULL},
	{"i", HINT_INCLUDE},
	{"include", HINT_INCLUDE},
	{"ir", HINT_INCLUDE},
	{"include_relative", HINT_INCLUDE},
	{"c", HINT_CONNECT},
	{"connect", HINT_CONNECT},
	{"copy", HINT_COPY},
	{".", HINT_DATA},
	{"N", HINT_DATA},
	{"set", HINT_VARIABLE},
	{"unset", HINT_VARIABLE},
	{"getenv", HINT_VARIABLE},
	{"prompt", HINT_VARIABLE},
	{"gset", HINT_VARIABLE},
	{"g", HINT_EXECUTE},
	{"gx", HINT_EXECUTE},
	{"gexec", HINT_EXECUTE},
	{"if", HINT_CONDITION},
	{"elif", HINT_CONDITION},
	{"else", HINT_CONDITION},
	{"endif", HINT_CONDITION},
};

/* How many bytes of this are the name of a meta-command? */
static int
name_length(const char *name)
{
	int			len = 0;

	while (name[len] != '\0' && name[len] != ';' && name[len] != '\\' &&
		   !scanner_isspace(name[len]))
		len++;
	return len;
}

/* What to do instead of this command; NULL if it is to be skipped. */
static const char *
find_hint(const char *name, int len)
{
	for (size_t i = 0; i < lengthof(meta_commands); i++)
	{
		if ((int) strlen(meta_commands[i].name) == len &&
			strncmp(meta_commands[i].name, name, len) == 0)
			return meta_commands[i].hint;
	}
	return HINT_OTHER;
}

/* Does the command, which starts with a backslash, do nothing but to psql? */
bool
mig_meta_ignored(const char *command)
{
	return find_hint(command + 1, name_length(command + 1)) == NULL;
}

/*
 * Reports the command at this place of a script.  One to be skipped comes
 * here if it stands inside a statement.
 */
void
mig_meta_refuse(const char *text, int location)
{
	const char *name = text + location + 1;
	int			len = name_length(name);
	const char *hint = find_hint(name, len);

	ereport(ERROR,
			errcode(ERRCODE_SYNTAX_ERROR),
			errmsg("psql meta-command \"\\%.*s\" cannot be part of a migration script",
				   pg_mbcliplen(name, len, NAMEDATALEN), name),
			errhint("%s", hint != NULL ? hint : HINT_OTHER),
			errposition(mig_text_position(text, location)));
}
