/*-------------------------------------------------------------------------
 *
 * read_python.c
 *	  The layouts of Alembic and Django, whose migrations are programs that say
 *	  in themselves which others they need.
 *
 * Of a program only the assignments of constants are read that say so.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/string.h"
#include "miscadmin.h"

#include "readers.h"

typedef enum TokenKind
{
	TOKEN_END,
	TOKEN_NEWLINE,				/* one that ends a statement */
	TOKEN_NAME,
	TOKEN_STRING,
	TOKEN_OTHER					/* one character */
} TokenKind;

/* Python, token by token. */
typedef struct Python
{
	const MigFile *file;
	const char *next;
	int			line;			/* of what is next */
	int			depth;			/* of brackets */
	const char *line_start;

	TokenKind	kind;			/* the token */
	const char *start;
	int			len;			/* of a string: what is between its quotes */
	int			token_line;
	bool		first;			/* it is the first one of a statement */
	bool		indented;
} Python;

/* A migration that another one needs. */
typedef struct Need
{
	char	   *id;
	int			line;
	bool		loose;			/* a label, or how the identity starts, will do */
} Need;

/* A migration, and where a walk through all of them has got to. */
typedef struct Program
{
	const MigFile *file;
	char	   *id;				/* its identity */
	char	   *app;			/* Django */
	char	   *version;
	char	   *name;
	int			line;			/* that says who it is */
	List	   *needs;			/* of Need */
	List	   *labels;			/* of Need: other names for it */
	List	   *replaces;		/* of Need */
	List	   *before;			/* of Need: they need this one */
	bool		replaced;		/* not it but what it replaces is there */
	int			visit;			/* 0 not yet, 1 under way, 2 done */
	int			next_need;		/* of the needs that are visited first */
	List	   *first;			/* of Program */
} Program;

typedef struct Graph
{
	List	   *nodes;			/* of Program, in the order of the files */
	List	   *sorted;			/* of Program, by id */
	List	   *squashed;		/* of Program that replace others */
} Graph;

static bool
is_word(char c)
{
	return isalnum((unsigned char) c) || c == '_' || IS_HIGHBIT_SET(c);
}

/* Past a string's end; its quotes are at p. */
static void
take_string(Python *py, const char *p)
{
	int			quotes = p[1] == p[0] && p[2] == p[0] ? 3 : 1;
	const char *q = p + quotes;

	while (*q != '\0' &&
		   !(*q == *p && (quotes == 1 || (q[1] == *p && q[2] == *p))))
	{
		if (*q == '\n')
		{
			if (quotes == 1)
				break;
			py->line++;
			py->line_start = q + 1;
		}
		q += *q == '\\' && q[1] != '\0' && q[1] != '\n' ? 2 : 1;
	}
	py->kind = TOKEN_STRING;
	py->start = p + quotes;
	py->len = q - py->start;
	py->next = *q == *p ? q + quotes : q;
}

/* Past blanks, comments, and ends of lines that end nothing. */
static const char *
skip_space(Python *py)
{
	const char *p = py->next;

	for (;;)
	{
		p += strspn(p, " \t\r\f");
		if (*p == '#')
			p += strcspn(p, "\n");
		else if ((*p == '\n' && (py->depth > 0 || py->kind == TOKEN_NEWLINE)) ||
				 (*p == '\\' && (p[1] == '\n' || p[1] == '\r')))
		{
			p += strcspn(p, "\n");
			p += *p == '\n';
			py->line++;
			py->line_start = p;
		}
		else
			return p;
	}
}

/* On to the next token; false at the end. */
static bool
python_next(Python *py)
{
	const char *p = skip_space(py);
	int			word = 0;

	py->first = py->kind == TOKEN_NEWLINE;
	py->indented = p > py->line_start;
	py->start = p;
	py->len = 1;
	py->next = p + 1;
	py->token_line = py->line;
	py->kind = TOKEN_OTHER;
	while (is_word(p[word]))
		word++;
	if (*p == '\0')
	{
		py->kind = TOKEN_END;
		py->next = p;
		return false;
	}
	if (*p == '\n')
	{
		py->kind = TOKEN_NEWLINE;
		py->line++;
		py->line_start = p + 1;
	}
	else if (strspn(p, "rRuUbBfF") == word && word <= 2 &&
			 (p[word] == '\'' || p[word] == '"'))
		take_string(py, p + word);
	else if (word > 0)
	{
		py->kind = TOKEN_NAME;
		py->len = word;
		py->next = p + word;
	}
	else if (strchr("([{", *p) != NULL)
		py->depth++;
	else if (strchr(")]}", *p) != NULL && py->depth > 0)
		py->depth--;
	return true;
}

static void
python_start(Python *py, const MigFile *file)
{
	memset(py, 0, sizeof(Python));
	py->file = file;
	py->next = mig_file_text(file);
	py->line_start = py->next;
	py->line = 1;
	py->kind = TOKEN_NEWLINE;
}

static bool
token_is(const Python *py, TokenKind kind, const char *text)
{
	return py->kind == kind && py->len == strlen(text) &&
		strncmp(py->start, text, py->len) == 0;
}

static char *
token_text(const Python *py)
{
	return pnstrdup(py->start, py->len);
}

/*
 * Is the token the name of a variable that is given a value here, as in
 * "name = " or "name: type = "?  Then what follows is the value.
 */
static bool
python_assigns(Python *py, const char *name)
{
	if (!py->first || !token_is(py, TOKEN_NAME, name))
		return false;
	while (python_next(py) && py->kind != TOKEN_NEWLINE)
		if (py->depth == 0 && token_is(py, TOKEN_OTHER, "="))
			return true;
	return false;
}

static void
value_error(const Python *py, const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("the value of \"%s\" is not a constant", name),
			 errhint("Write it as a string, a tuple of strings, or None."),
			 mig_file_errcontext(py->file, py->token_line)));
}

static List *
add_need(List *needs, char *id, int line)
{
	Need	   *need = palloc0(sizeof(Need));

	need->id = id;
	need->line = line;
	return lappend(needs, need);
}

/* The strings of a value: of one, a tuple, a list or None. */
static List *
read_strings(Python *py, const char *name)
{
	List	   *strings = NIL;

	while (python_next(py) && py->kind != TOKEN_NEWLINE)
	{
		if (py->kind == TOKEN_STRING)
			strings = add_need(strings, token_text(py), py->token_line);
		else if (py->kind == TOKEN_NAME && !token_is(py, TOKEN_NAME, "None"))
			value_error(py, name);
	}
	return strings;
}

/* list_sort() comparator */
static int
compare_id(const ListCell *a, const ListCell *b)
{
	return strcmp(((const Program *) lfirst(a))->id, ((const Program *) lfirst(b))->id);
}

/* The migration of that identity; NULL if there is none. */
static Program *
find_node(const Graph *graph, char *id)
{
	Program		wanted = {.id = id};
	ListCell	cell = {.ptr_value = &wanted};
	int			low = 0;
	int			high = list_length(graph->sorted);

	while (low < high)
	{
		int			middle = (low + high) / 2;
		int			order = compare_id(list_nth_cell(graph->sorted, middle), &cell);

		if (order == 0)
			return list_nth(graph->sorted, middle);
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* Makes the migrations known by their identities, of which none comes twice. */
static void
index_nodes(Graph *graph)
{
	graph->sorted = list_copy(graph->nodes);
	list_sort(graph->sorted, compare_id);
	for (int i = 1; i < list_length(graph->sorted); i++)
	{
		const Program *a = list_nth(graph->sorted, i - 1);
		const Program *b = list_nth(graph->sorted, i);

		if (strcmp(a->id, b->id) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_DUPLICATE_OBJECT),
					 errmsg("files \"%s\" and \"%s\" are the same migration \"%s\"",
							a->file->path, b->file->path, a->id),
					 errhint("Remove one of them.")));
	}
}

static void
missing_error(const Program *node, const Need *need)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("migration \"%s\" needs \"%s\", which no file defines",
					node->id, need->id),
			 errhint("Load the directory with all files of the project."),
			 mig_file_errcontext(node->file, need->line)));
}

static void
cycle_error(const Program *node, const Program *other)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("migrations \"%s\" and \"%s\" need each other",
					other->id, node->id),
			 errhint("Correct what they depend on."),
			 mig_file_errcontext(node->file, node->line)));
}

static void
add_node(MigReading *reading, const Program *node)
{
	MigDefinition *definition = mig_reading_add(reading, "");
	ListCell   *lc;

	definition->host = true;
	definition->path = pstrdup(node->file->path);
	definition->version = node->version;
	definition->name = node->name;
	definition->identity = node->id;
	if (node->app != NULL)
		return;
	foreach(lc, node->first)
		definition->parents = lappend(definition->parents,
									  ((const Program *) lfirst(lc))->id);
}

/*
 * Adds the migrations, each after those that it needs.  Chains may be longer
 * than the stack is deep.
 */
static void
add_in_order(MigReading *reading, const Graph *graph)
{
	ListCell   *lc;

	foreach(lc, graph->nodes)
	{
		List	   *way = list_make1(lfirst(lc));

		CHECK_FOR_INTERRUPTS();
		while (way != NIL)
		{
			Program	   *node = llast(way);
			Program	   *first;

			if (node->visit == 2 || node->next_need == list_length(node->first))
			{
				if (node->visit != 2 && !node->replaced)
					add_node(reading, node);
				node->visit = 2;
				way = list_delete_last(way);
				continue;
			}
			node->visit = 1;
			first = list_nth(node->first, node->next_need++);
			if (first->visit == 1)
				cycle_error(first, node);
			way = lappend(way, first);
		}
	}
}

/* SQL files come after all programs, as what was written after them. */
static void
add_sql(MigReading *reading, List *sql)
{
	ListCell   *lc;

	foreach(lc, mig_read_native_files(reading, sql))
	{
		MigDefinition *definition = lfirst(lc);

		definition->identity = pstrdup(mig_file_base(definition->path));
	}
}

/* The slug of <revision>_<slug>.py, or all of it. */
static char *
alembic_name(const MigFile *file, const char *revision)
{
	const char *base = mig_file_base(file->path);
	int			len = strlen(base) - strlen(".py");
	int			prefix = strlen(revision);

	if (strncmp(base, revision, prefix) == 0 && base[prefix] == '_')
		return pnstrdup(base + prefix + 1, len - prefix - 1);
	return pnstrdup(base, len);
}

/* What depends_on is given. */
static List *
read_loose(Python *py)
{
	List	   *needs = read_strings(py, "depends_on");
	ListCell   *lc;

	foreach(lc, needs)
		((Need *) lfirst(lc))->loose = true;
	return needs;
}

/* What a revision says of itself; NULL if the file is none. */
static Program *
read_revision(const MigFile *file)
{
	Program	   *node = palloc0(sizeof(Program));
	Python		py;

	if (strstr(file->content, "down_revision") == NULL)
		return NULL;
	node->file = file;
	python_start(&py, file);
	while (python_next(&py))
	{
		if (!py.first || py.indented)
			continue;
		if (python_assigns(&py, "revision"))
		{
			List	   *value = read_strings(&py, "revision");

			if (list_length(value) == 1)
			{
				node->id = ((Need *) linitial(value))->id;
				node->line = ((Need *) linitial(value))->line;
			}
		}
		else if (python_assigns(&py, "down_revision"))
			node->needs = list_concat(node->needs,
									  read_strings(&py, "down_revision"));
		else if (python_assigns(&py, "depends_on"))
			node->needs = list_concat(node->needs, read_loose(&py));
		else if (python_assigns(&py, "branch_labels"))
			node->labels = read_strings(&py, "branch_labels");
	}
	if (node->id == NULL)
		return NULL;
	node->version = node->id;
	node->name = alembic_name(file, node->id);
	return node;
}

/* A revision by its identity, by a label, or by how the former starts. */
static Program *
find_revision(const Graph *graph, const Need *need)
{
	Program	   *found = find_node(graph, need->id);
	int			matches = 0;
	ListCell   *lc;
	ListCell   *label;

	if (found != NULL || !need->loose)
		return found;
	foreach(lc, graph->nodes)
		foreach(label, ((Program *) lfirst(lc))->labels)
			if (strcmp(((Need *) lfirst(label))->id, need->id) == 0)
				return lfirst(lc);
	foreach(lc, graph->nodes)
	{
		Program	   *node = lfirst(lc);

		if (strncmp(node->id, need->id, strlen(need->id)) == 0)
		{
			found = node;
			matches++;
		}
	}
	return matches == 1 ? found : NULL;
}

/* Alembic: a graph of revisions, which name those before them. */
void
mig_read_alembic(MigReading *reading)
{
	Graph		graph = {0};
	List	   *sql = NIL;
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, reading->files)
	{
		MigFile    *file = lfirst(lc);
		const char *base = mig_file_base(file->path);
		Program	   *node = NULL;

		CHECK_FOR_INTERRUPTS();
		if (pg_str_endswith(base, ".sql"))
		{
			sql = lappend(sql, file);
			continue;
		}
		if (pg_str_endswith(base, ".py") && strncmp(base, "__init__", 8) != 0)
			node = read_revision(file);
		if (node != NULL)
			graph.nodes = lappend(graph.nodes, node);
		else if (pg_str_endswith(base, ".py") &&
				 strcmp(mig_file_parent(file->path), "versions") == 0 &&
				 strncmp(base, "__init__", 8) != 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("file \"%s\" does not say its revision", file->path),
					 errhint("Alembic refuses it too; set \"revision\" in it or move it elsewhere.")));
		else
			mig_reading_ignore(reading, file);
	}
	index_nodes(&graph);
	foreach(lc, graph.nodes)
	{
		Program	   *node = lfirst(lc);

		foreach(cell, node->needs)
		{
			Program	   *first = find_revision(&graph, lfirst(cell));

			if (first == NULL)
				missing_error(node, lfirst(cell));
			node->first = lappend(node->first, first);
		}
	}
	add_in_order(reading, &graph);
	add_sql(reading, sql);
}

/* The pairs of strings in a list, each as "app.name". */
static List *
read_pairs(Python *py, const char *name)
{
	List	   *pairs = NIL;
	List	   *strings = NIL;
	bool		called = false; /* the bracket is that of a call */
	bool		inside = false;
	int			line = 0;

	while (python_next(py) && py->kind != TOKEN_NEWLINE)
	{
		if (token_is(py, TOKEN_OTHER, "(") && py->depth == 2 && !called)
		{
			inside = true;
			strings = NIL;
			line = py->token_line;
		}
		else if (inside && py->kind == TOKEN_STRING)
			strings = lappend(strings, token_text(py));
		else if (inside && py->kind == TOKEN_NAME)
			value_error(py, name);
		else if (inside && token_is(py, TOKEN_OTHER, ")"))
		{
			if (list_length(strings) != 2)
				value_error(py, name);
			pairs = add_need(pairs, psprintf("%s.%s", (char *) linitial(strings),
											 (char *) lsecond(strings)), line);
			inside = false;
		}
		called = py->kind == TOKEN_NAME;
	}
	return pairs;
}

/* Does the class Migration begin here? */
static bool
at_migration_class(Python *py)
{
	return py->first && !py->indented && token_is(py, TOKEN_NAME, "class") &&
		python_next(py) && token_is(py, TOKEN_NAME, "Migration");
}

/* What a migration of Django says of itself; false if the file is none. */
static bool
read_class(Program *node)
{
	Python		py;
	bool		found = false;

	python_start(&py, node->file);
	while (python_next(&py))
	{
		if (at_migration_class(&py))
		{
			found = true;
			node->line = py.token_line;
		}
		else if (!found || !py.indented)
			continue;
		else if (python_assigns(&py, "dependencies"))
			node->needs = read_pairs(&py, "dependencies");
		else if (python_assigns(&py, "replaces"))
			node->replaces = read_pairs(&py, "replaces");
		else if (python_assigns(&py, "run_before"))
			node->before = read_pairs(&py, "run_before");
	}
	return found;
}

/* What an application calls itself in apps.py; NULL: it does not. */
static char *
read_label(const MigFile *file)
{
	Python		py;

	python_start(&py, file);
	while (python_next(&py))
		if (py.indented && python_assigns(&py, "label") &&
			python_next(&py) && py.kind == TOKEN_STRING)
			return token_text(&py);
	return NULL;
}

/* The application of a file <app>/migrations/<name>.py. */
static char *
find_app(const MigFile *file, List *labels)
{
	char	   *directory = mig_file_directory(mig_file_directory(file->path));
	char	   *app = pstrdup(mig_file_base(directory));
	ListCell   *lc;

	foreach(lc, labels)
	{
		const Program *label = lfirst(lc);

		if (strcmp(mig_file_directory(label->file->path), directory) == 0)
			return label->id;
	}
	if (*app == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("file \"%s\" does not say which application it belongs to",
						file->path),
				 errhint("Load a directory above, so that paths end in APP/migrations/NAME.py.")));
	return app;
}

/* Names a migration of Django: <app>.<number> and what follows it. */
static void
name_django(Program *node, const char *app)
{
	const char *base = mig_file_base(node->file->path);
	char	   *stem = pnstrdup(base, strlen(base) - strlen(".py"));
	int			digits = strspn(stem, "0123456789");
	bool		numbered = digits > 0 && stem[digits] == '_';

	node->app = pstrdup(app);
	node->id = psprintf("%s.%s", app, stem);
	node->version = numbered ? psprintf("%s.%.*s", app, digits, stem) : node->id;
	node->name = numbered ? stem + digits + 1 : "";
}

/* Is it of that application? */
static bool
is_of_app(const Program *node, const char *id)
{
	int			len = strlen(node->app);

	return strncmp(id, node->app, len) == 0 && id[len] == '.';
}

/* Does the migration need another one of its application? */
static bool
needs_own_app(const Program *node)
{
	ListCell   *lc;

	foreach(lc, node->needs)
		if (is_of_app(node, ((Need *) lfirst(lc))->id))
			return true;
	return false;
}

/* Does another migration of its application need it? */
static bool
is_needed(const Graph *graph, const Program *node)
{
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, graph->nodes)
		if (strcmp(((Program *) lfirst(lc))->app, node->app) == 0)
			foreach(cell, ((Program *) lfirst(lc))->needs)
				if (strcmp(((Need *) lfirst(cell))->id, node->id) == 0)
					return true;
	return false;
}

/* What stands for a migration whose file is gone: the one that replaces it. */
static Program *
find_replacement(const Graph *graph, const char *id)
{
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, graph->squashed)
		foreach(cell, ((Program *) lfirst(lc))->replaces)
			if (strcmp(((Need *) lfirst(cell))->id, id) == 0)
				return lfirst(lc);
	return NULL;
}

/*
 * The migration that is meant; NULL if it is of an application that is not
 * among the files, which is none of ours.
 */
static Program *
find_django(const Graph *graph, const Program *node, const Need *need)
{
	Program	   *found = find_node(graph, need->id);
	bool		known = false;
	ListCell   *lc;

	if (found == NULL)
		found = find_replacement(graph, need->id);
	if (found != NULL)
		return found;
	foreach(lc, graph->sorted)
	{
		Program	   *other = lfirst(lc);

		if (!is_of_app(other, need->id))
			continue;
		known = true;
		if (pg_str_endswith(need->id, ".__first__") && !needs_own_app(other))
			return other;
		if (pg_str_endswith(need->id, ".__latest__") && !is_needed(graph, other))
			return other;
	}
	if (known)
		missing_error(node, need);
	return NULL;
}

/*
 * A migration that replaces others, all of which are there, is of no use yet:
 * Django records those, whichever it ran.
 */
static void
settle_replaced(MigReading *reading, Graph *graph)
{
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, graph->nodes)
	{
		Program	   *node = lfirst(lc);
		bool		all = node->replaces != NIL;

		foreach(cell, node->replaces)
			all = all && find_node(graph, ((Need *) lfirst(cell))->id) != NULL;
		if (node->replaces != NIL)
			graph->squashed = lappend(graph->squashed, node);
		if (!all)
			continue;
		node->replaced = true;
		node->needs = list_concat(node->needs, node->replaces);
		mig_reading_ignore(reading, node->file);
	}
}

/* Joins each migration to those that it needs. */
static void
link_django(Graph *graph)
{
	ListCell   *lc;
	ListCell   *cell;

	foreach(lc, graph->nodes)
	{
		Program	   *node = lfirst(lc);

		CHECK_FOR_INTERRUPTS();
		foreach(cell, node->needs)
		{
			Program	   *first = find_django(graph, node, lfirst(cell));

			if (first != NULL && first != node)
				node->first = lappend(node->first, first);
		}
		foreach(cell, node->before)
		{
			Program	   *after = find_django(graph, node, lfirst(cell));

			if (after != NULL && after != node)
				after->first = lappend(after->first, node);
		}
	}
}

/* The names that applications have besides those of their directories. */
static List *
read_labels(List *files)
{
	List	   *labels = NIL;
	ListCell   *lc;

	foreach(lc, files)
	{
		Program	   *node = palloc0(sizeof(Program));

		node->file = lfirst(lc);
		if (strcmp(mig_file_base(node->file->path), "apps.py") != 0)
			continue;
		node->id = read_label(node->file);
		if (node->id != NULL)
			labels = lappend(labels, node);
	}
	return labels;
}

/* Django: <app>/migrations/<name>.py, a graph of dependencies. */
void
mig_read_django(MigReading *reading)
{
	List	   *labels = read_labels(reading->files);
	Graph		graph = {0};
	List	   *sql = NIL;
	ListCell   *lc;

	foreach(lc, reading->files)
	{
		MigFile    *file = lfirst(lc);
		const char *base = mig_file_base(file->path);
		bool		python = pg_str_endswith(base, ".py") && *base != '_' && *base != '~';
		Program	   *node = palloc0(sizeof(Program));

		CHECK_FOR_INTERRUPTS();
		node->file = file;
		if (pg_str_endswith(base, ".sql"))
			sql = lappend(sql, file);
		else if (python && read_class(node))
		{
			name_django(node, find_app(file, labels));
			graph.nodes = lappend(graph.nodes, node);
		}
		else if (python && strcmp(mig_file_parent(file->path), "migrations") == 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("file \"%s\" has no class Migration", file->path),
					 errhint("Django refuses it too; move it elsewhere.")));
		else
			mig_reading_ignore(reading, file);
	}
	index_nodes(&graph);
	settle_replaced(reading, &graph);
	list_sort(graph.nodes, compare_id);
	link_django(&graph);
	add_in_order(reading, &graph);
	add_sql(reading, sql);
}
