/*-------------------------------------------------------------------------
 *
 * liquibase_tree.c
 *	  Documents in XML, YAML and JSON as far as changelogs use them.
 *
 * JSON is read as YAML, of which it is a part.  What a changelog has no use
 * for (anchors, tags, several documents in a file) is refused, not guessed at.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"

#include "liquibase.h"

/* A place in a document. */
typedef struct Cursor
{
	const MigFile *file;
	const char *text;			/* all of it */
	const char *p;
	int			line;
} Cursor;

static void xml_element(Cursor *c, LbNode *parent);
static void yaml_block(Cursor *c, LbNode *node, int parent_column);
static void yaml_flow(Cursor *c, LbNode *node);

/* The document makes no sense here. */
pg_noreturn static void
syntax_error(const Cursor *c, const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_SYNTAX_ERROR),
			 errmsg("could not read changelog: %s", what),
			 errhint("Run \"liquibase validate\" to see whether Liquibase takes the file, and load what \"liquibase update-sql\" prints if it does."),
			 mig_file_errcontext(c->file, c->line)));
}

static void
advance(Cursor *c, int bytes)
{
	for (; bytes > 0 && *c->p != '\0'; bytes--)
		c->line += *c->p++ == '\n';
}

static LbNode *
add_node(LbNode *parent, const char *name, int line)
{
	LbNode	   *node = palloc0(sizeof(LbNode));

	node->name = name;
	node->line = line;
	node->value_line = line;
	if (parent != NULL)
		parent->children = lappend(parent->children, node);
	return node;
}

/* A character given by its code, in the database's encoding. */
static void
append_character(Cursor *c, StringInfo value, long code)
{
	unsigned char buffer[MAX_UNICODE_EQUIVALENT_STRING + 1];

	if (code <= 0 || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
		syntax_error(c, "invalid character code");
	pg_unicode_to_server((pg_wchar) code, buffer);
	appendStringInfoString(value, (char *) buffer);
}

/* ----- XML ----- */

static void
xml_blank(Cursor *c)
{
	advance(c, strspn(c->p, " \t\r\n"));
}

/* Skips up to and including a text. */
static void
skip_past(Cursor *c, const char *ending)
{
	const char *end = strstr(c->p, ending);

	if (end == NULL)
		syntax_error(c, psprintf("there is no \"%s\"", ending));
	advance(c, end - c->p + strlen(ending));
}

/* A name without its prefix. */
static char *
xml_name(Cursor *c)
{
	int			len = strcspn(c->p, " \t\r\n=/><\"'&");
	char	   *name = pnstrdup(c->p, len);
	char	   *colon = strchr(name, ':');

	if (len == 0)
		syntax_error(c, "a name is missing");
	advance(c, len);
	/* what is under "xmlns:" and the like must not look like our own */
	if (colon != NULL && strncmp(name, "xml", 3) != 0)
		return colon + 1;
	return name;
}

/* A character or what stands for one. */
static void
xml_character(Cursor *c, StringInfo value)
{
	static const char *const names[] = {"&lt;", "&gt;", "&amp;", "&quot;", "&apos;"};
	static const char characters[] = "<>&\"'";

	if (*c->p != '&')
	{
		appendStringInfoChar(value, *c->p);
		advance(c, 1);
		return;
	}
	for (int i = 0; i < lengthof(names); i++)
	{
		if (strncmp(c->p, names[i], strlen(names[i])) != 0)
			continue;
		appendStringInfoChar(value, characters[i]);
		advance(c, strlen(names[i]));
		return;
	}
	if (c->p[1] == '#')
	{
		bool		hex = c->p[2] == 'x';
		char	   *end;
		long		code = strtol(c->p + (hex ? 3 : 2), &end, hex ? 16 : 10);

		if (*end == ';')
		{
			append_character(c, value, code);
			advance(c, end + 1 - c->p);
			return;
		}
	}
	syntax_error(c, "unknown entity");
}

static void
xml_attribute(Cursor *c, LbNode *element)
{
	int			line = c->line;
	LbNode	   *node = add_node(element, xml_name(c), line);
	StringInfoData value;
	char		quote;

	xml_blank(c);
	if (*c->p != '=')
		syntax_error(c, "an attribute has no value");
	advance(c, 1);
	xml_blank(c);
	quote = *c->p;
	if (quote != '"' && quote != '\'')
		syntax_error(c, "an attribute's value has no quotes");
	advance(c, 1);
	initStringInfo(&value);
	while (*c->p != quote && *c->p != '\0' && *c->p != '<')
		xml_character(c, &value);
	if (*c->p != quote)
		syntax_error(c, "an attribute's value does not end");
	advance(c, 1);
	node->value = value.data;
}

/* What stands between the tags of an element. */
static void
xml_content(Cursor *c, LbNode *node)
{
	StringInfoData value;

	initStringInfo(&value);
	node->value_line = c->line;
	while (strncmp(c->p, "</", 2) != 0)
	{
		if (*c->p == '\0')
			syntax_error(c, psprintf("element \"%s\" does not end", node->name));
		if (strncmp(c->p, "<!--", 4) == 0)
			skip_past(c, "-->");
		else if (strncmp(c->p, "<?", 2) == 0)
			skip_past(c, "?>");
		else if (strncmp(c->p, "<![CDATA[", 9) == 0)
		{
			const char *end = strstr(c->p, "]]>");

			if (end == NULL)
				syntax_error(c, "there is no \"]]>\"");
			appendBinaryStringInfo(&value, c->p + 9, end - c->p - 9);
			advance(c, end - c->p + 3);
		}
		else if (*c->p == '<')
		{
			int			line = c->line;

			xml_element(c, node);
			/* lines of what follows must be those of the file */
			for (; value.len > 0 && line < c->line; line++)
				appendStringInfoChar(&value, '\n');
		}
		else
			xml_character(c, &value);
		if (value.data[strspn(value.data, " \t\r\n")] == '\0')
		{
			resetStringInfo(&value);
			node->value_line = c->line;
		}
	}
	if (value.len > 0)
		node->value = value.data;
}

/* An element, from its "<" on. */
static void
xml_element(Cursor *c, LbNode *parent)
{
	int			line = c->line;
	LbNode	   *node;

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	advance(c, 1);
	node = add_node(parent, xml_name(c), line);
	node->element = true;
	for (;;)
	{
		xml_blank(c);
		if (*c->p == '>' || *c->p == '/' || *c->p == '\0')
			break;
		xml_attribute(c, node);
	}
	if (strncmp(c->p, "/>", 2) == 0)
	{
		advance(c, 2);
		return;
	}
	if (*c->p != '>')
		syntax_error(c, "a tag does not end");
	advance(c, 1);
	xml_content(c, node);
	advance(c, 2);
	if (strcmp(xml_name(c), node->name) != 0)
		syntax_error(c, psprintf("element \"%s\" does not end", node->name));
	xml_blank(c);
	if (*c->p != '>')
		syntax_error(c, "a tag does not end");
	advance(c, 1);
}

/* The root element of a document in XML. */
LbNode *
mig_lb_parse_xml(const MigFile *file)
{
	Cursor		c = {.file = file,.text = mig_file_text(file),.line = 1};
	LbNode	   *top = add_node(NULL, "", 1);

	c.p = c.text;
	for (;;)
	{
		xml_blank(&c);
		if (strncmp(c.p, "<!--", 4) == 0)
			skip_past(&c, "-->");
		else if (strncmp(c.p, "<?", 2) == 0)
			skip_past(&c, "?>");
		else if (strncmp(c.p, "<!", 2) == 0)
			skip_past(&c, ">");
		else
			break;
	}
	if (*c.p != '<')
		syntax_error(&c, "it has no element");
	xml_element(&c, top);
	return linitial(top->children);
}

/* ----- YAML ----- */

/* Column of the cursor, from 0. */
static int
column(const Cursor *c)
{
	const char *start = c->p;

	while (start > c->text && start[-1] != '\n')
		start--;
	return c->p - start;
}

/* Skips blanks, comments and empty lines; refuses tabs as indentation. */
static void
yaml_blank(Cursor *c)
{
	for (;;)
	{
		advance(c, strspn(c->p, " \t\r\n"));
		if (*c->p == '#' && (c->p == c->text || strchr(" \t\n", c->p[-1])))
			advance(c, strcspn(c->p, "\n"));
		else if (strncmp(c->p, "---", 3) == 0 && c->p[3] != '\0' &&
				 strchr(" \r\n", c->p[3]) != NULL && column(c) == 0)
			advance(c, 3);
		else
			return;
	}
}

/* One escape of a text in double quotes, from its backslash on. */
static void
yaml_escape(Cursor *c, StringInfo value)
{
	static const char names[] = "ntrbf0/\\\" ";
	static const char characters[] = "\n\t\r\b\f\0/\\\" ";
	const char *name = c->p[1] != '\0' ? strchr(names, c->p[1]) : NULL;

	if (c->p[1] == '\n')
	{
		advance(c, 2);
		advance(c, strspn(c->p, " \t"));
	}
	else if (name != NULL && *name != '0')
	{
		appendStringInfoChar(value, characters[name - names]);
		advance(c, 2);
	}
	else if (c->p[1] == 'x' || c->p[1] == 'u' || c->p[1] == 'U')
	{
		int			digits = c->p[1] == 'x' ? 2 : c->p[1] == 'u' ? 4 : 8;
		char	   *code = pnstrdup(c->p + 2, digits);
		char	   *end;
		long		number = strtol(code, &end, 16);

		if (strlen(code) != digits || *end != '\0')
			syntax_error(c, "invalid escape");
		advance(c, 2 + digits);
		/* JSON writes what lies beyond four digits in two halves */
		if (digits == 4 && number >= 0xD800 && number < 0xDC00 &&
			strncmp(c->p, "\\u", 2) == 0)
		{
			long		low = strtol(pnstrdup(c->p + 2, 4), NULL, 16);

			number = 0x10000 + ((number - 0xD800) << 10) + (low - 0xDC00);
			advance(c, 6);
		}
		append_character(c, value, number);
	}
	else
		syntax_error(c, "invalid escape");
}

/* A text in quotes, in which line breaks are blanks. */
static char *
yaml_quoted(Cursor *c)
{
	char		quote = *c->p;
	StringInfoData value;

	initStringInfo(&value);
	advance(c, 1);
	for (;;)
	{
		if (*c->p == '\0')
			syntax_error(c, "a quoted text does not end");
		if (*c->p == quote && quote == '\'' && c->p[1] == quote)
		{
			appendStringInfoChar(&value, quote);
			advance(c, 2);
		}
		else if (*c->p == quote)
		{
			advance(c, 1);
			return value.data;
		}
		else if (*c->p == '\\' && quote == '"')
			yaml_escape(c, &value);
		else if (*c->p == '\n')
		{
			int			breaks = 0;

			while (value.len > 0 && strchr(" \t\r", value.data[value.len - 1]))
				value.data[--value.len] = '\0';
			for (; *c->p != '\0' && strchr(" \t\r\n", *c->p); advance(c, 1))
				breaks += *c->p == '\n';
			for (int i = 1; i < breaks; i++)
				appendStringInfoChar(&value, '\n');
			if (breaks == 1)
				appendStringInfoChar(&value, ' ');
		}
		else
		{
			appendStringInfoChar(&value, *c->p);
			advance(c, 1);
		}
	}
}

/* Bytes of a plain text in this line; it ends at ": ", " #" and the like. */
static int
yaml_plain_length(const char *p, bool flow)
{
	int			n = 0;
	int			end = 0;

	for (; p[n] != '\0' && p[n] != '\n' && p[n] != '\r'; n++)
	{
		if (p[n] == ':' && (p[n + 1] == '\0' || strchr(" \t\r\n", p[n + 1]) ||
							(flow && strchr(",]}", p[n + 1]))))
			break;
		if (p[n] == '#' && n > 0 && (p[n - 1] == ' ' || p[n - 1] == '\t'))
			break;
		if (flow && strchr(",[]{}", p[n]))
			break;
		if (p[n] != ' ' && p[n] != '\t')
			end = n + 1;
	}
	return end;
}

/* Sets the value of what is written as a plain text; null is none. */
static void
yaml_plain_value(LbNode *node, char *text)
{
	if (strcmp(text, "") != 0 && strcmp(text, "~") != 0 &&
		strcmp(text, "null") != 0)
		node->value = text;
}

/* The key of a mapping that stands here, or NULL. */
static char *
yaml_key(Cursor *c, bool flow)
{
	Cursor		before = *c;
	char	   *key;
	int			len;

	if (*c->p == '"' || *c->p == '\'')
		key = yaml_quoted(c);
	else
	{
		if (*c->p == '\0' || strchr("[]{},&*!|>%@`", *c->p))
			return NULL;
		len = yaml_plain_length(c->p, flow);
		key = pnstrdup(c->p, len);
		advance(c, len);
	}
	advance(c, strspn(c->p, " \t"));
	if (*c->p == ':' && (c->p[1] == '\0' || strchr(" \t\r\n", c->p[1]) ||
						 (flow && *before.p == '"')))
	{
		advance(c, 1);
		return key;
	}
	*c = before;
	return NULL;
}

/* What stands in a list belongs to what the list is the value of. */
static void
adopt_children(LbNode *parent, LbNode *item)
{
	item->name = "";
	if (item->value != NULL)
		parent->children = lappend(parent->children, item);
	parent->children = list_concat(parent->children, item->children);
}

/* { ... } or [ ... ] */
static void
yaml_collection(Cursor *c, LbNode *node)
{
	bool		mapping = *c->p == '{';
	char		end = mapping ? '}' : ']';

	advance(c, 1);
	for (;;)
	{
		yaml_blank(c);
		if (*c->p == end)
			break;
		if (*c->p == ',')
		{
			advance(c, 1);
			continue;
		}
		if (*c->p == '\0')
			syntax_error(c, psprintf("there is no \"%c\"", end));
		if (mapping)
		{
			int			line = c->line;
			char	   *key = yaml_key(c, true);

			if (key == NULL)
				syntax_error(c, "a name is missing");
			yaml_flow(c, add_node(node, key, line));
		}
		else
		{
			LbNode	   *item = add_node(NULL, "", c->line);

			yaml_flow(c, item);
			adopt_children(node, item);
		}
	}
	advance(c, 1);
}

/* A value as JSON writes it. */
static void
yaml_flow(Cursor *c, LbNode *node)
{
	int			len;

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	yaml_blank(c);
	node->value_line = c->line;
	if (*c->p == '{' || *c->p == '[')
		yaml_collection(c, node);
	else if (*c->p == '"' || *c->p == '\'')
		node->value = yaml_quoted(c);
	else
	{
		len = yaml_plain_length(c->p, true);
		if (len == 0 && *c->p != ',' && *c->p != '}')
			syntax_error(c, "a value is missing");
		yaml_plain_value(node, pnstrdup(c->p, len));
		advance(c, len);
	}
}

/* Joins lines that ">" has folded. */
static void
fold_lines(StringInfo value)
{
	char	   *text = value->data;

	for (int i = 1; i + 1 < value->len; i++)
		if (text[i] == '\n' && text[i - 1] != '\n' && text[i + 1] != '\n' &&
			text[i + 1] != ' ' && text[i + 1] != '\t')
			text[i] = ' ';
}

/* A text that stands in lines of its own, after | or >. */
static void
yaml_literal(Cursor *c, LbNode *node, int parent_column)
{
	bool		folded = *c->p == '>';
	char		chomp = ' ';
	int			indent = -1;
	StringInfoData value;

	initStringInfo(&value);
	for (advance(c, 1); *c->p != '\0' && *c->p != '\n'; advance(c, 1))
	{
		if (*c->p == '+' || *c->p == '-')
			chomp = *c->p;
		else if (*c->p >= '1' && *c->p <= '9')
			indent = Max(parent_column, 0) + *c->p - '0';
		else if (*c->p == '#')
		{
			advance(c, strcspn(c->p, "\n"));
			break;
		}
		else if (!strchr(" \t\r", *c->p))
			syntax_error(c, "invalid start of a block of text");
	}
	advance(c, 1);
	node->value_line = c->line;
	while (*c->p != '\0')
	{
		int			blanks = strspn(c->p, " ");
		int			len = strcspn(c->p, "\n");
		bool		empty = c->p[blanks + strspn(c->p + blanks, "\r")] == '\n' ||
			c->p[blanks] == '\0';

		if (indent < 0 && !empty)
			indent = blanks;
		if (!empty && (blanks <= parent_column || blanks < indent))
			break;
		if (!empty)
			appendBinaryStringInfo(&value, c->p + indent, len - indent);
		appendStringInfoChar(&value, '\n');
		advance(c, len + 1);
	}
	if (folded)
		fold_lines(&value);
	while (chomp != '+' && value.len > 0 && value.data[value.len - 1] == '\n')
		value.data[--value.len] = '\0';
	if (chomp == ' ' && value.len > 0)
		appendStringInfoChar(&value, '\n');
	node->value = value.data;
}

/* A plain text, which may go on in lines that are indented more. */
static void
yaml_plain(Cursor *c, LbNode *node, int parent_column)
{
	StringInfoData value;

	if (strchr("&*!%@`", *c->p) != NULL)
		syntax_error(c, psprintf("\"%c\" is not understood here", *c->p));
	initStringInfo(&value);
	for (;;)
	{
		int			len = yaml_plain_length(c->p, false);
		Cursor		ahead;

		appendBinaryStringInfo(&value, c->p, len);
		advance(c, len);
		ahead = *c;
		yaml_blank(&ahead);
		if (*ahead.p == '\0' || ahead.line == c->line ||
			column(&ahead) <= parent_column)
			break;
		*c = ahead;
		appendStringInfoChar(&value, ' ');
	}
	yaml_plain_value(node, value.data);
}

/* Lines that start with "- " in one column. */
static void
yaml_sequence(Cursor *c, LbNode *node)
{
	int			at = column(c);

	while (column(c) == at && *c->p == '-' && strchr(" \t\r\n", c->p[1]) != NULL &&
		   c->p[1] != '\0')
	{
		LbNode	   *item = add_node(NULL, "", c->line);

		advance(c, 1);
		yaml_block(c, item, at);
		adopt_children(node, item);
		yaml_blank(c);
	}
}

/* Lines with "key:" in one column. */
static void
yaml_mapping(Cursor *c, LbNode *node)
{
	int			at = column(c);

	for (;;)
	{
		int			line = c->line;
		char	   *key = yaml_key(c, false);
		LbNode	   *child;

		if (key == NULL)
			syntax_error(c, "a name with a colon is missing");
		child = add_node(node, key, line);
		yaml_block(c, child, at);
		yaml_blank(c);
		if (*c->p == '\0' || column(c) != at)
			return;
	}
}

/* A value of what stands in that column, or none. */
static void
yaml_block(Cursor *c, LbNode *node, int parent_column)
{
	int			line = c->line;
	bool		item = node->name[0] == '\0';
	Cursor		here;

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	yaml_blank(c);
	node->value_line = c->line;
	here = *c;
	if (*c->p == '\0')
		return;
	/* a list may stand in the column of its name */
	if (c->line > line && column(c) <= parent_column &&
		!(column(c) == parent_column && !item && *c->p == '-' &&
		  strchr(" \t\r\n", c->p[1])))
		return;
	if (*c->p == '-' && strchr(" \t\r\n", c->p[1]) != NULL)
		yaml_sequence(c, node);
	else if (*c->p == '{' || *c->p == '[')
		yaml_collection(c, node);
	else if (*c->p == '|' || *c->p == '>')
		yaml_literal(c, node, parent_column);
	else if ((item || c->line > line) && yaml_key(&here, false) != NULL)
		yaml_mapping(c, node);
	else if (*c->p == '"' || *c->p == '\'')
		node->value = yaml_quoted(c);
	else
		yaml_plain(c, node, parent_column);
}

/* A document in YAML or JSON; its names are the children of what comes back. */
LbNode *
mig_lb_parse_yaml(const MigFile *file)
{
	Cursor		c = {.file = file,.text = mig_file_text(file),.line = 1};
	LbNode	   *top = add_node(NULL, "", 1);

	c.p = c.text;
	yaml_block(&c, top, -1);
	yaml_blank(&c);
	if (*c.p != '\0' && strncmp(c.p, "...", 3) != 0)
		syntax_error(&c, "text that belongs nowhere");
	return top;
}

/* ----- both ----- */

/* The child of that name, or NULL. */
const LbNode *
mig_lb_child(const LbNode *node, const char *name)
{
	ListCell   *lc;

	foreach(lc, node->children)
		if (strcmp(((LbNode *) lfirst(lc))->name, name) == 0)
			return lfirst(lc);
	return NULL;
}

/* Its value, or NULL. */
const char *
mig_lb_value(const LbNode *node, const char *name)
{
	const LbNode *child = mig_lb_child(node, name);

	return child != NULL ? child->value : NULL;
}

/* The same for what is true or false. */
bool
mig_lb_flag(const LbNode *node, const char *name, bool otherwise)
{
	const char *value = mig_lb_value(node, name);

	return value != NULL ? pg_strcasecmp(value, "true") == 0 : otherwise;
}
