/*-------------------------------------------------------------------------
 *
 * read_native.c
 *	  The native layout:
 *
 *		<version>_<name>.sql			up, and down after -- migrate:down
 *		<version>_<name>.up.sql			up
 *		<version>_<name>.down.sql		down, for the .up.sql of that version
 *		R__<name>.sql					repeatable
 *
 * where a version starts with a digit and has no underscore in it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "parser/scansup.h"

#include "readers.h"
#include "text.h"

#define REPEATABLE_PREFIX	"R__"
#define DIRECTIVE_PREFIX	"migrate:"

/* How much of a path an error shows that is about its length, in bytes. */
#define SHOWN_PATH			200

/* What a native file's name says it holds. */
typedef enum NativeContent
{
	NATIVE_BOTH,				/* .sql: up, and down in a section */
	NATIVE_UP,					/* .up.sql */
	NATIVE_DOWN					/* .down.sql */
} NativeContent;

/*
 * Ordered so that a longer ending comes before the one it contains.  What
 * stands before ".sql" may be in any case: "1_a.Down.sql" undoes something, it
 * is no migration of the name "a.Down".
 */
static const struct
{
	const char *ending;
	NativeContent content;
}			native_endings[] =
{
	{".up.sql", NATIVE_UP},
	{".down.sql", NATIVE_DOWN},
	{".sql", NATIVE_BOTH},
};

/* A native file that is, or is a part of, a migration. */
typedef struct NativeFile
{
	const MigFile *file;
	int			number;			/* in the order given */
	NativeContent content;
	bool		repeatable;
	char	   *version;
	char	   *sort_key;
	char	   *name;
	MigSource	up;
	MigSource	down;
} NativeFile;

typedef enum Directive
{
	DIRECTIVE_UP,
	DIRECTIVE_DOWN,
	DIRECTIVE_NO_TRANSACTION
} Directive;

static const char *const directive_names[] = {
	[DIRECTIVE_UP] = "up",
	[DIRECTIVE_DOWN] = "down",
	[DIRECTIVE_NO_TRANSACTION] = "no-transaction",
};

/* A native file that is being cut into its sections. */
typedef struct SectionState
{
	NativeFile *native;
	const char *line_start;		/* the line being looked at */
	int			line;
	const char *preamble_end;	/* start of the first section line, or NULL */
	MigSource  *section;		/* the section we are in, NULL before any */
	const char *section_start;	/* its first byte */
	bool		no_transaction; /* for the whole file */
} SectionState;

static NativeFile *native_file(const MigFile *file);
static bool native_name(NativeFile *native);
static void read_sections(NativeFile *native);
static bool find_directive(const char *start, const char *end,
						   const char **name, int *len);
static void apply_directive(SectionState *state, const char *name, int len,
							const char *next_line);
static void begin_section(SectionState *state, Directive directive,
						  const char *next_line);
static void repeatable_down_error(const NativeFile *native, int line);
static void end_section(SectionState *state, const char *end);
static void end_file(SectionState *state, const char *end);
static void check_preamble(SectionState *state, const char *start);
static int	compare_native(const ListCell *a, const ListCell *b);
static int	compare_identity(const NativeFile *a, const NativeFile *b);
static MigDefinition *native_definition(const NativeFile *first);
static void add_down_file(MigDefinition *definition, const NativeFile *up,
						  const NativeFile *down);
static void duplicate_error(const NativeFile *first,
							const NativeFile *second);

/* Reads files of the native layout. */
void
mig_read_native(MigReading *reading)
{
	List	   *natives = NIL;
	NativeFile *first = NULL;
	NativeFile *previous = NULL;
	MigDefinition *definition = NULL;
	ListCell   *lc;

	foreach(lc, reading->files)
	{
		const MigFile *file = lfirst(lc);
		NativeFile *native = NULL;

		CHECK_FOR_INTERRUPTS();
		if (!mig_file_is_nested(reading, file))
			native = native_file(file);
		if (native == NULL)
		{
			mig_reading_ignore(reading, file);
			continue;
		}
		native->number = foreach_current_index(lc);
		natives = lappend(natives, native);
	}
	list_sort(natives, compare_native);

	/* What belongs together is in a row now, the up script first. */
	foreach(lc, natives)
	{
		NativeFile *native = lfirst(lc);

		if (first == NULL || compare_identity(first, native) != 0)
		{
			first = native;
			definition = native_definition(native);
			reading->definitions = lappend(reading->definitions, definition);
		}
		else if (previous->content == NATIVE_UP &&
				 native->content == NATIVE_DOWN)
			add_down_file(definition, first, native);
		else
			duplicate_error(previous, native);
		previous = native;
	}
}

/* Names the file in errors of its name, which may be too long to be shown. */
static void
name_error_context(void *arg)
{
	const char *path = arg;
	int			len = strlen(path);
	int			shown = pg_mbcliplen(path, len, SHOWN_PATH);

	errcontext("file \"%.*s%s\"", shown, path, shown < len ? "..." : "");
}

/* A file with its name and sections read, or NULL if it is no migration. */
static NativeFile *
native_file(const MigFile *file)
{
	NativeFile *native = palloc0(sizeof(NativeFile));
	ErrorContextCallback callback;
	bool		known;

	native->file = file;
	callback.callback = name_error_context;
	callback.arg = unconstify(char *, file->path);
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	known = native_name(native);
	error_context_stack = callback.previous;
	if (!known)
	{
		pfree(native);
		return NULL;
	}
	read_sections(native);
	return native;
}

/* Takes a file's name apart; false if it is not that of a migration. */
static bool
native_name(NativeFile *native)
{
	const char *path = native->file->path;
	const char *slash = strrchr(path, '/');
	const char *base = slash != NULL ? slash + 1 : path;
	const char *name;
	int			len = strlen(base);
	size_t		i;

	for (i = 0; i < lengthof(native_endings); i++)
	{
		int			ending = strlen(native_endings[i].ending);

		if (len > ending && mig_file_ends(base, ".sql") &&
			pg_strcasecmp(base + len - ending, native_endings[i].ending) == 0)
			break;
	}
	if (i == lengthof(native_endings))
		return false;
	native->content = native_endings[i].content;
	len -= strlen(native_endings[i].ending);

	if (strncmp(base, REPEATABLE_PREFIX, strlen(REPEATABLE_PREFIX)) == 0)
	{
		native->repeatable = true;
		name = base + strlen(REPEATABLE_PREFIX);
	}
	else if (*base >= '0' && *base <= '9')
	{
		name = strchr(base, '_');
		if (name == NULL)
			return false;
		native->version = pnstrdup(base, name - base);
		name++;
	}
	else
		return false;
	if (name >= base + len)
		return false;
	native->name = pnstrdup(name, base + len - name);
	if (!native->repeatable)
		native->sort_key = mig_version_sort_key(native->version);
	return true;
}

/*
 * Cuts a file into its up and down scripts.  A file without section lines
 * is one script, as it is.
 */
static void
read_sections(NativeFile *native)
{
	SectionState state = {.native = native,.line = 1};
	const char *p = native->file->content;

	p += mig_text_bom(p);

	for (;;)
	{
		const char *end = p + strcspn(p, "\n");
		const char *name;
		int			len;

		state.line_start = p;
		if (find_directive(p, end, &name, &len))
			apply_directive(&state, name, len, *end != '\0' ? end + 1 : end);
		if (*end == '\0')
		{
			end_file(&state, end);
			break;
		}
		p = end + 1;
		state.line++;
	}
}

/*
 * Is this line a directive?  It is if it is a comment that starts with
 * "migrate:" and a word right after it; *name and *len are what follows.
 */
static bool
find_directive(const char *start, const char *end, const char **name,
			   int *len)
{
	int			prefix = strlen(DIRECTIVE_PREFIX);

	while (start < end && scanner_isspace(*start))
		start++;
	if (end - start < 2 || strncmp(start, "--", 2) != 0)
		return false;
	start += 2;
	while (start < end && scanner_isspace(*start))
		start++;
	while (end > start && scanner_isspace(end[-1]))
		end--;
	if (end - start <= prefix ||
		strncmp(start, DIRECTIVE_PREFIX, prefix) != 0 ||
		scanner_isspace(start[prefix]))
		return false;
	*name = start + prefix;
	*len = end - *name;
	return true;
}

/* Acts on a directive; what is none of ours is an error, not a comment. */
static void
apply_directive(SectionState *state, const char *name, int len,
				const char *next_line)
{
	size_t		i;

	/* what lint is to ignore is not for here: see suppress.c */
	if (len >= 6 && strncmp(name, "ignore", 6) == 0)
		return;
	for (i = 0; i < lengthof(directive_names); i++)
	{
		if ((int) strlen(directive_names[i]) == len &&
			strncmp(directive_names[i], name, len) == 0)
			break;
	}

	switch (i)
	{
		case DIRECTIVE_UP:
		case DIRECTIVE_DOWN:
			begin_section(state, (Directive) i, next_line);
			break;
		case DIRECTIVE_NO_TRANSACTION:
			if (state->section != NULL)
				state->section->no_transaction = true;
			else
				state->no_transaction = true;
			break;
		default:
			ereport(ERROR,
					errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("unrecognized directive \"%s%.*s\"",
						   DIRECTIVE_PREFIX, len, name),
					errhint("Known directives are \"migrate:up\", \"migrate:down\" and \"migrate:no-transaction\"."),
					mig_file_errcontext(state->native->file, state->line));
	}
}

/* A section ends, if there is one, and another begins. */
static void
begin_section(SectionState *state, Directive directive,
			  const char *next_line)
{
	NativeFile *native = state->native;
	const char *name = directive_names[directive];
	MigSource  *source;

	if (native->content != NATIVE_BOTH)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("section \"%s%s\" in a file that is one script by its name",
					   DIRECTIVE_PREFIX, name),
				errhint("Remove the line, or name the file without \".up\" or \".down\"."),
				mig_file_errcontext(native->file, state->line));
	if (native->repeatable && directive == DIRECTIVE_DOWN)
		repeatable_down_error(native, state->line);

	source = directive == DIRECTIVE_UP ? &native->up : &native->down;
	if (source->line > 0)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("section \"%s%s\" appears twice",
					   DIRECTIVE_PREFIX, name),
				errdetail("The first one starts in line %d.",
						  source->line - 1),
				mig_file_errcontext(native->file, state->line));

	if (state->section != NULL)
		end_section(state, state->line_start);
	else
		state->preamble_end = state->line_start;
	state->section = source;
	state->section_start = next_line;
	source->line = state->line + 1;
}

/* Reports a down script, starting in this line, where there can be none. */
static void
repeatable_down_error(const NativeFile *native, int line)
{
	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("repeatable migration \"%s\" must not have a down script",
				   native->name),
			errhint("Write a versioned migration to undo it."),
			mig_file_errcontext(native->file, line));
}

/* The text of the current section is complete. */
static void
end_section(SectionState *state, const char *end)
{
	state->section->text = pnstrdup(state->section_start,
									end - state->section_start);
}

/* The file has been read: what is no section yet becomes the up script. */
static void
end_file(SectionState *state, const char *end)
{
	NativeFile *native = state->native;
	const char *start = native->file->content;

	if (state->section != NULL)
	{
		end_section(state, end);
		start += mig_text_bom(start);
		if (native->up.text != NULL)
			check_preamble(state, start);
		else
		{
			native->up.text = pnstrdup(start, state->preamble_end - start);
			native->up.line = 1;
		}
	}
	else
	{
		MigSource  *source = native->content == NATIVE_DOWN ?
			&native->down : &native->up;

		source->text = pstrdup(start);
		source->line = 1;
	}

	if (state->no_transaction)
	{
		native->up.no_transaction = native->up.text != NULL;
		native->down.no_transaction = native->down.text != NULL;
	}
}

/* Before the first section, nothing must get lost but comments. */
static void
check_preamble(SectionState *state, const char *start)
{
	const char *p = mig_text_skip_blank(start, state->preamble_end);
	int			line = 1;

	if (p == state->preamble_end)
		return;
	for (; start < p; start++)
	{
		if (*start == '\n')
			line++;
	}
	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("text before the first section"),
			errhint("Move it below the line \"-- migrate:up\"."),
			mig_file_errcontext(state->native->file, line));
}

/*
 * list_sort() comparator: versioned before repeatable, these by version and
 * those by name, what belongs together with the down script last.
 */
static int
compare_native(const ListCell *a, const ListCell *b)
{
	const NativeFile *x = lfirst(a);
	const NativeFile *y = lfirst(b);
	int			result = compare_identity(x, y);

	if (result == 0)
		result = (x->content == NATIVE_DOWN) - (y->content == NATIVE_DOWN);
	if (result == 0)
		result = x->number - y->number;
	return result;
}

/* Zero if two files are of the same migration. */
static int
compare_identity(const NativeFile *a, const NativeFile *b)
{
	return mig_order(a->repeatable, a->repeatable ? a->name : a->sort_key,
					 b->repeatable, b->repeatable ? b->name : b->sort_key);
}

/* The definition that the first file of a migration makes. */
static MigDefinition *
native_definition(const NativeFile *first)
{
	MigDefinition *definition;

	if (first->content == NATIVE_DOWN && first->repeatable)
		repeatable_down_error(first, 1);
	if (first->content == NATIVE_DOWN)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("down script \"%s\" has no up script",
					   first->file->path),
				errhint("Add the file \"%s_%s.up.sql\".",
						first->version, first->name));

	definition = palloc0(sizeof(MigDefinition));
	definition->version = first->version;
	definition->sort_key = first->sort_key;
	definition->name = first->name;
	definition->repeatable = first->repeatable;
	definition->path = pstrdup(first->file->path);
	definition->up = first->up;
	definition->down = first->down;
	return definition;
}

/* Joins a .down.sql file to the migration of its .up.sql file. */
static void
add_down_file(MigDefinition *definition, const NativeFile *up,
			  const NativeFile *down)
{
	if (down->repeatable)
		repeatable_down_error(down, 1);
	if (strcmp(up->name, down->name) != 0)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("up and down script of version \"%s\" have different names",
					   up->version),
				errdetail("The files are \"%s\" and \"%s\".",
						  up->file->path, down->file->path),
				errhint("Rename one of them, so that they differ in \".up\" and \".down\" only."));
	definition->down = down->down;
}

/* Reports two files that claim the same version or name. */
static void
duplicate_error(const NativeFile *first, const NativeFile *second)
{
	if (first->repeatable)
		ereport(ERROR,
				errcode(ERRCODE_DUPLICATE_OBJECT),
				errmsg("files \"%s\" and \"%s\" are the same repeatable migration \"%s\"",
					   first->file->path, second->file->path, first->name),
				errhint("Rename one of them."));
	if (first->content == NATIVE_BOTH && second->content == NATIVE_DOWN)
		ereport(ERROR,
				errcode(ERRCODE_DUPLICATE_OBJECT),
				errmsg("file \"%s\" takes no down script from file \"%s\"",
					   first->file->path, second->file->path),
				errhint("Name the first file \"%s_%s.up.sql\", or move the down script below a line \"-- migrate:down\" in it.",
						first->version, first->name));
	ereport(ERROR,
			errcode(ERRCODE_DUPLICATE_OBJECT),
			errmsg("files \"%s\" and \"%s\" have the same version \"%s\"",
				   first->file->path, second->file->path, second->version),
			strcmp(first->version, second->version) == 0 ? 0 :
			errdetail("Numbers in versions are compared by value: \"%s\" and \"%s\" are equal.",
					  first->version, second->version),
			errhint("Rename the later one to a version of its own."));
}
