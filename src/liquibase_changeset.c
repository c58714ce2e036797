/*-------------------------------------------------------------------------
 *
 * liquibase_changeset.c
 *	  Changesets to definitions: whether they are loaded, as what, and what
 *	  Liquibase may have recorded for them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "liquibase.h"

/* A script that is being put together from changes. */
typedef struct Assembly
{
	LbState    *state;
	const LbChangelog *changelog;
	MigDefinition *definition;
	StringInfoData text;		/* what runs */
	StringInfoData raw;			/* before placeholders were replaced */
	bool		replaced;		/* any */
	const MigFile *file;		/* of the first change */
	int			line;			/* of the first byte */
	List	   *v8;				/* of char *: checksums of the changes */
	List	   *v9;
} Assembly;

/* ----- names ----- */

/* Resolves "." and ".." in a path. */
static char *
resolve_dots(const char *path)
{
	List	   *parts = NIL;
	StringInfoData out;
	ListCell   *lc;

	while (*path != '\0')
	{
		int			len = strcspn(path, "/");
		char	   *part = pnstrdup(path, len);

		if (strcmp(part, "..") == 0 && parts != NIL &&
			strcmp(llast(parts), "..") != 0)
			parts = list_delete_last(parts);
		else if (len > 0 && strcmp(part, ".") != 0)
			parts = lappend(parts, part);
		path += len + (path[len] == '/');
	}
	initStringInfo(&out);
	foreach(lc, parts)
		appendStringInfo(&out, "%s%s", out.len > 0 ? "/" : "",
						 (char *) lfirst(lc));
	return out.data;
}

/* A path as Liquibase records it. */
char *
mig_lb_normalize(const char *path)
{
	char	   *slashes;

	if (strncmp(path, "classpath:", 10) == 0)
		path += 10;
	slashes = pstrdup(path);
	for (char *p = slashes; *p != '\0'; p++)
		if (*p == '\\')
			*p = '/';
	if (slashes[0] != '\0' && slashes[1] == ':' &&
		isalpha((unsigned char) slashes[0]))
		slashes += 2;
	return resolve_dots(slashes);
}

/* A changeset without any attribute. */
LbChangeset *
mig_lb_changeset(LbChangelog *changelog, int line)
{
	LbChangeset *changeset = palloc0(sizeof(LbChangeset));

	changeset->changelog = changelog;
	changeset->line = line;
	changeset->in_transaction = true;
	changeset->fail_on_error = true;
	changeset->path = mig_lb_normalize(changelog->logical ? changelog->logical :
									   changelog->path);
	initStringInfo(&changeset->condition);
	return changeset;
}

/* The path that an attribute of the changeset gives. */
void
mig_lb_name_path(LbChangeset *changeset, const char *logical)
{
	if (logical != NULL && *logical != '\0')
		changeset->path = mig_lb_normalize(logical);
}

static char *
make_identity(const char *path, const char *id, const char *author)
{
	return psprintf("%s::%s::%s", path, id, author);
}

/* The changeset of that name that was read before, or NULL. */
LbChangeset *
mig_lb_find(LbState *state, const char *path, const char *id,
			const char *author)
{
	MigDefinition *entry =
		mig_reading_get(&state->by_identity, make_identity(path, id, author));

	return entry->path != NULL ?
		list_nth(state->changesets, entry->up.line - 1) : NULL;
}

/* Two that are loaded must not have the same name. */
static void
remember(LbState *state, LbChangeset *changeset, const char *identity,
		 bool loaded)
{
	MigDefinition *entry = mig_reading_get(&state->by_identity, identity);

	if (entry->path != NULL && entry->host && loaded)
	{
		LbChangeset *first = list_nth(state->changesets, entry->up.line - 1);

		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("changeset \"%s\" appears twice", identity),
				 errdetail("The first one is in line %d of file \"%s\".",
						   first->line, first->changelog->file->path),
				 errhint("Give the later one another id."),
				 mig_file_errcontext(changeset->changelog->file,
									 changeset->line)));
	}
	state->changesets = lappend(state->changesets, changeset);
	if (entry->path != NULL && !loaded)
		return;
	entry->path = "";
	entry->host = loaded;
	entry->up.line = list_length(state->changesets);
}

/* ----- properties and filters ----- */

/* Does what is for these contexts, labels and databases count here? */
static const char *
filtered_by(LbState *state, const char *contexts, const char *labels,
			const char *dbms)
{
	if (!mig_lb_matches_dbms(dbms))
		return "dbms";
	if (!mig_lb_matches_context(contexts, state->contexts))
		return "context";
	if (!mig_lb_matches_labels(labels, state->labels))
		return "labels";
	return NULL;
}

/* What a changelog says that a ${name} stands for. */
void
mig_lb_property(LbState *state, LbChangelog *changelog, const char *name,
				const char *value, bool global, const char *contexts,
				const char *labels, const char *dbms)
{
	LbProperty *property;

	if (name == NULL || value == NULL ||
		filtered_by(state, contexts, labels, dbms) != NULL)
		return;
	property = palloc(sizeof(LbProperty));
	property->name = pstrdup(name);
	property->value = pstrdup(value);
	if (global)
		state->properties = lappend(state->properties, property);
	else
		changelog->properties = lcons(property, changelog->properties);
}

/* Why a changeset is left out, or NULL. */
static const char *
left_out_by(LbState *state, const LbChangeset *changeset)
{
	ListCell   *lc;

	if (changeset->ignore)
		return "ignore";
	for (const LbChangelog *changelog = changeset->changelog;
		 changelog != NULL; changelog = changelog->parent)
	{
		if (changelog->ignore)
			return "ignore";
		foreach(lc, changelog->contexts)
			if (!mig_lb_matches_context(lfirst(lc), state->contexts))
				return "context";
		foreach(lc, changelog->labels)
			if (!mig_lb_matches_labels(lfirst(lc), state->labels))
				return "labels";
	}
	return filtered_by(state, changeset->contexts, changeset->labels,
					   changeset->dbms);
}

/* ----- scripts ----- */

/* Start of the first line that is not blank. */
static const char *
skip_blank_lines(const char *text, int *line)
{
	const char *start = text;

	for (const char *p = text; *p != '\0' && (unsigned char) *p <= ' '; p++)
	{
		if (*p != '\n')
			continue;
		start = p + 1;
		(*line)++;
	}
	return start;
}

/* Appends a text without the blank lines around it. */
static void
append_trimmed(StringInfo out, const char *text)
{
	int			line = 0;
	const char *start = skip_blank_lines(text, &line);
	int			len = strlen(start);

	while (len > 0 && (unsigned char) start[len - 1] <= ' ')
		len--;
	appendBinaryStringInfo(out, start, len);
	if (start[len] != '\0')
		appendStringInfoString(out, strncmp(start + len, "\r\n", 2) == 0 ? "\r\n" : "\n");
}

/* A statement must have ended before the next change. */
static void
begin_next_change(Assembly *assembly, const LbChange *change, int line)
{
	StringInfo	text = &assembly->text;
	int			at = assembly->line;
	int			end = text->len;

	while (end > 0 && (unsigned char) text->data[end - 1] <= ' ')
		end--;
	if (end == 0)
		return;
	if (text->data[text->len - 1] != '\n')
		appendStringInfoChar(text, '\n');
	if (text->data[end - 1] != ';')
		appendStringInfoString(text, ";\n");
	for (int i = 0; i < text->len; i++)
		at += text->data[i] == '\n';
	if (change->file == assembly->file)
		for (; at < line; at++)
			appendStringInfoChar(text, '\n');
}

/* One more change of a script. */
static void
add_change(Assembly *assembly, const LbChange *change)
{
	char	   *expanded = unconstify(char *, change->text);
	const char *digested;
	int			line = change->line;

	/* what does not run needs no values */
	if (change->expand && !change->elsewhere)
		expanded = mig_lb_expand(assembly->state, assembly->changelog,
								 assembly->definition, change->file,
								 change->text, change->line);
	assembly->replaced |= expanded != change->text;
	digested = change->digest_expanded ? expanded : change->text;
	assembly->v8 = lappend(assembly->v8,
						   mig_lb_digest_v8(digested, &change->split));
	if (change->elsewhere)
		return;
	assembly->v9 = lappend(assembly->v9, mig_lb_digest_v9(digested));
	skip_blank_lines(change->text, &line);
	if (assembly->file == NULL)
	{
		assembly->file = change->file;
		assembly->line = line;
	}
	begin_next_change(assembly, change, line);
	append_trimmed(&assembly->raw, change->text);
	append_trimmed(&assembly->text,
				   mig_lb_delimit(expanded, &change->split, change->file,
								  change->line));
}

/* Puts a script together. */
static void
assemble(Assembly *assembly, LbState *state, const LbChangeset *changeset,
		 MigDefinition *definition, List *changes)
{
	ListCell   *lc;

	memset(assembly, 0, sizeof(*assembly));
	assembly->state = state;
	assembly->changelog = changeset->changelog;
	assembly->definition = definition;
	initStringInfo(&assembly->text);
	initStringInfo(&assembly->raw);
	foreach(lc, changes)
		add_change(assembly, lfirst(lc));
}

/* Every checksum that may be recorded; none if any is welcome or none known. */
static List *
list_checksums(const LbChangeset *changeset, const Assembly *assembly)
{
	List	   *own = list_make2(mig_lb_digest_all(9, assembly->v9),
								 mig_lb_digest_all(8, assembly->v8));
	ListCell   *lc;
	ListCell   *mine;

	if (changeset->idle)
		return NIL;
	foreach(lc, changeset->checksums)
	{
		const char *valid = lfirst(lc);
		const char *word = strncmp(valid, "1:", 2) == 0 ? valid + 2 : valid;

		if (pg_strcasecmp(word, "any") == 0 || pg_strcasecmp(word, "all") == 0 ||
			strcmp(word, "*") == 0)
			return NIL;
		/* Liquibase then takes whatever is recorded */
		foreach(mine, own)
			if (strcmp(lfirst(mine), valid) == 0)
				return NIL;
	}
	return list_concat(own, changeset->checksums);
}

/* The script that undoes a changeset. */
static void
set_down(LbState *state, const LbChangeset *changeset,
		 MigDefinition *definition)
{
	Assembly	down;

	if (!changeset->has_rollback || definition->repeatable)
		return;
	assemble(&down, state, changeset, definition, changeset->rollback);
	definition->down.text = down.text.data;
	definition->down.line = down.file != NULL ? down.line : changeset->line;
	definition->down.no_transaction = !changeset->in_transaction;
	if (down.file != NULL && strcmp(down.file->path, definition->path) != 0)
		definition->down_path = pstrdup(down.file->path);
}

/* The script of a changeset. */
static void
set_up(LbState *state, const LbChangeset *changeset,
	   MigDefinition *definition)
{
	Assembly	up;
	MigSource  *source = &definition->up;
	bool		first;

	assemble(&up, state, changeset, definition, changeset->changes);
	if (up.file != NULL)
		definition->path = pstrdup(up.file->path);
	definition->checksums = list_checksums(changeset, &up);
	source->text = up.text.data;
	source->line = up.file != NULL ? up.line : changeset->line;
	source->no_transaction = !changeset->in_transaction;
	if (changeset->changes != NIL && up.file != NULL && up.text.len == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("changeset \"%s\" has no SQL", changeset->id),
				 errhint("Write its statements below the line, or remove it."),
				 mig_file_errcontext(changeset->changelog->file,
									 changeset->line)));
	if (up.replaced)
		definition->source = up.raw.data;
	if (changeset->condition.len == 0)
		return;
	first = source->line == 1;
	source->text = mig_lb_guard(changeset, source->text, first ? " " : "\n");
	source->line -= !first;
}

/* A comment as one line. */
static char *
one_line(const char *comment)
{
	char	   *line = mig_lb_trim(comment != NULL ? comment : "");
	char	   *to = line;

	for (char *from = line; *from != '\0'; from++)
	{
		bool		blank = (unsigned char) *from <= ' ';

		if (!blank || (unsigned char) from[1] > ' ')
			*to++ = blank ? ' ' : *from;
	}
	*to = '\0';
	return line;
}

/* Why a changeset cannot be SQL, or NULL. */
static const char *
host_reason(const LbChangeset *changeset)
{
	if (changeset->host_reason != NULL)
		return changeset->host_reason;
	if (changeset->condition.len == 0)
		return NULL;
	if (changeset->on_fail == LB_CONTINUE)
		return "onFail:CONTINUE";
	if (changeset->on_fail == LB_MARK_RAN && !changeset->in_transaction)
		return "onFail:MARK_RAN with runInTransaction:false";
	return NULL;
}

/* A changeset is complete. */
void
mig_lb_finish(LbState *state, LbChangeset *changeset)
{
	char	   *identity = make_identity(changeset->path, changeset->id,
										 changeset->author);
	const char *left_out = left_out_by(state, changeset);
	const char *reason = host_reason(changeset);
	MigDefinition *definition;

	CHECK_FOR_INTERRUPTS();
	remember(state, changeset, identity, left_out == NULL);
	if (left_out != NULL)
	{
		state->left_out = lappend(state->left_out,
								  psprintf("%s (%s)", identity, left_out));
		return;
	}
	/* layout.c makes the key of what is not repeatable */
	definition = mig_reading_add(state->reading,
								 changeset->run_on_change ||
								 changeset->run_always ? NULL : identity);
	definition->identity = identity;
	definition->path = pstrdup(changeset->changelog->file->path);
	if (definition->repeatable)
	{
		definition->name = identity;
		state->repeated = lappend(state->repeated, identity);
	}
	else
	{
		definition->version = identity;
		definition->name = one_line(changeset->comment);
	}
	if (changeset->run_always)
		state->always = lappend(state->always, identity);
	if (!changeset->fail_on_error)
		state->forgiving = lappend(state->forgiving, identity);
	definition->host = reason != NULL;
	if (definition->host)
	{
		definition->host_reason = psprintf("line %d, changeset %s: %s",
										   changeset->line, changeset->id,
										   reason);
		return;
	}
	set_up(state, changeset, definition);
	set_down(state, changeset, definition);
}

/* Is a changeset's path the same, or the end of the one that is asked for? */
static bool
is_path_of(const LbChangeset *changeset, const char *path)
{
	int			len = strlen(path);
	int			own = strlen(changeset->path);

	if (len == own)
		return pg_strcasecmp(path, changeset->path) == 0;
	return len > own && path[len - own - 1] == '/' &&
		pg_strcasecmp(path + len - own, changeset->path) == 0;
}

/* A changeset is undone by what another one does. */
void
mig_lb_roll_back_to(LbState *state, LbChangeset *changeset, const char *path,
					const char *id, const char *author, int line)
{
	LbChangeset *other = NULL;
	char	   *wanted;

	if (id == NULL || author == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("rollback to a changeset needs \"changesetId\" and \"changesetAuthor\""),
				 errhint("Write: --rollback changesetId:... changesetAuthor:... changesetPath:..."),
				 mig_file_errcontext(changeset->changelog->file, line)));
	wanted = mig_lb_normalize(path != NULL ? path : changeset->changelog->path);
	other = mig_lb_find(state, wanted, id, author);
	if (other == NULL && path == NULL)
		other = mig_lb_find(state, changeset->path, id, author);
	for (int i = 0; other == NULL && i < list_length(state->changesets); i++)
	{
		LbChangeset *candidate = list_nth(state->changesets, i);

		if (strcmp(candidate->id, id) == 0 &&
			strcmp(candidate->author, author) == 0 &&
			is_path_of(candidate, wanted))
			other = candidate;
	}
	if (other == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("changeset \"%s\" does not exist",
						make_identity(wanted, id, author)),
				 errhint("A rollback can use changesets that are read before it."),
				 mig_file_errcontext(changeset->changelog->file, line)));
	changeset->has_rollback = other->host_reason == NULL;
	changeset->rollback = list_concat(changeset->rollback, other->changes);
}
