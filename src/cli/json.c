/*-------------------------------------------------------------------------
 *
 * json.c
 *	  Rows as JSON: one array of objects, a line for each.
 *
 *-------------------------------------------------------------------------
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"

/* Types of the server whose text is JSON already; constants of its catalogs. */
enum
{
	TYPE_BOOL = 16,
	TYPE_INT8 = 20,
	TYPE_INT2 = 21,
	TYPE_INT4 = 23,
	TYPE_JSON = 114,
	TYPE_FLOAT4 = 700,
	TYPE_FLOAT8 = 701,
	TYPE_NUMERIC = 1700,
	TYPE_JSONB = 3802
};

static Text line;
static int	rows_done;
static int	members_done;

void
json_quote(Text *text, const char *value)
{
	text_add_char(text, '"');
	for (; *value != '\0'; value++)
	{
		unsigned char c = (unsigned char) *value;

		if (c == '"' || c == '\\')
			text_add_format(text, "\\%c", c);
		else if (c == '\n')
			text_add(text, "\\n");
		else if (c == '\t')
			text_add(text, "\\t");
		else if (c < 32 || c == 127)
			text_add_format(text, "\\u%04x", c);
		else
			text_add_char(text, (char) c);
	}
	text_add_char(text, '"');
}

void
json_begin(void)
{
	rows_done = 0;
	fputs("[", stdout);
}

static void
end_row(void)
{
	if (rows_done > 0)
		printf("%s}", line.data);
	text_reset(&line);
}

/* The members that follow are those of a new row. */
void
json_row(void)
{
	end_row();
	fputs(rows_done++ > 0 ? ",\n " : "", stdout);
	text_add_char(&line, '{');
	members_done = 0;
}

/* A member whose value is JSON; NULL: null. */
void
json_raw(const char *name, const char *value)
{
	text_add(&line, members_done++ > 0 ? ", " : "");
	json_quote(&line, name);
	text_add(&line, ": ");
	text_add(&line, value ? value : "null");
}

void
json_text(const char *name, const char *value)
{
	Text		quoted = {0};

	if (value != NULL)
		json_quote(&quoted, value);
	json_raw(name, value ? quoted.data : NULL);
	text_free(&quoted);
}

void
json_end(void)
{
	end_row();
	puts("]");
	text_free(&line);
}

/* Numbers that JSON does not know have letters. */
static bool
is_number(const char *value)
{
	return strspn(value, "0123456789+-.eE") == strlen(value);
}

static void
print_value(const PGresult *rows, int row, int column)
{
	const char *name = PQfname(rows, column);
	const char *value = PQgetvalue(rows, row, column);

	if (PQgetisnull(rows, row, column))
		value = NULL;
	switch (value == NULL ? 0 : PQftype(rows, column))
	{
		case TYPE_BOOL:
			json_raw(name, *value == 't' ? "true" : "false");
			break;
		case TYPE_INT2:
		case TYPE_INT4:
		case TYPE_INT8:
		case TYPE_FLOAT4:
		case TYPE_FLOAT8:
		case TYPE_NUMERIC:
			if (is_number(value))
				json_raw(name, value);
			else
				json_text(name, value);
			break;
		case TYPE_JSON:
		case TYPE_JSONB:
			json_raw(name, value);
			break;
		default:
			json_text(name, value);
	}
}

/* A result in text format. */
void
print_json(const PGresult *rows)
{
	json_begin();
	for (int row = 0; row < PQntuples(rows); row++)
	{
		json_row();
		for (int column = 0; column < PQnfields(rows); column++)
			print_value(rows, row, column);
	}
	json_end();
}
