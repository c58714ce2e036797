/*-------------------------------------------------------------------------
 *
 * files.h
 *	  The files of a migration directory and the migrations in them: the
 *	  structs, and what every reader of a layout needs.  Pure text: no
 *	  catalog access, no file access.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_FILES_H
#define MIG_FILES_H

#include "nodes/pg_list.h"
#include "utils/hsearch.h"

#include "compat.h"

typedef struct MigFile
{
	const char *path;			/* as given; '/' separates directories */
	const char *content;		/* in the database encoding, NUL-terminated;
								 * "" for files known by name only */
} MigFile;

/* A value for a placeholder of a script. */
typedef struct MigVariable
{
	const char *name;
	const char *value;
} MigVariable;

/* One direction's script. */
typedef struct MigSource
{
	char	   *text;			/* NULL: there is none */
	int			line;			/* line of its first byte in its file, from 1 */
	bool		no_transaction; /* every statement is its own step */
} MigSource;

typedef struct MigDefinition
{
	char	   *version;		/* NULL for a repeatable */
	char	   *sort_key;		/* NULL for a repeatable; the layout's order, as
								 * bytes */
	char	   *name;			/* may be "" */
	bool		repeatable;
	bool		host;			/* a file in a host language: up.text is NULL */
	char	   *host_reason;	/* what of it is no SQL; NULL: the file says it */
	const char *layout;			/* the one it was read in */
	char	   *path;			/* of the up script */
	char	   *down_path;		/* of a down script with a file of its own */
	char	   *identity;		/* what the tool's history calls it; NULL if it
								 * has no name for it */
	List	   *checksums;		/* of char *: those that the tool may have
								 * recorded for this text */
	List	   *parents;		/* of char *: identities of what the tool runs
								 * before it, where its history names the
								 * newest only */
	char	   *source;			/* the up script before its placeholders were
								 * replaced; NULL: it has none */
	List	   *variables;		/* of MigVariable *: used in either script */
	MigSource	up;
	MigSource	down;
} MigDefinition;

/* What readers may know of the place they read for. */
typedef struct MigSurroundings
{
	const char *database;
	const char *owner;			/* of the database */
	const char *user;			/* the current role */
	const char *schema;			/* the current one; NULL: there is none */
	const char *timestamp;		/* now, as YYYY-MM-DD HH:MM:SS */
	List	   *stored;			/* of char *: paths of the project's migrations */
	List	   *(*applied) (const char *tool);	/* identities in the tool's
												 * history, as char * */
} MigSurroundings;

/* A reader takes the files and fills in the rest. */
typedef struct MigReading
{
	const char *layout;			/* its name */
	const char *directory;		/* that was read; NULL: a client sent files */
	List	   *files;			/* of MigFile *, in the order given */
	int			depth;			/* slashes in the path of a file that stands
								 * in the directory itself, not below it */
	List	   *variables;		/* of MigVariable *: what the caller gave */
	MigSurroundings around;

	List	   *definitions;	/* of MigDefinition * */
	List	   *ignored;		/* of char *: paths that are no migrations */
	HTAB	   *by_key;			/* a mig_map of mig_reading_get() */
} MigReading;

/* A line of a file; see mig_line_next(). */
typedef struct MigLine
{
	const char *start;
	const char *end;			/* without its \n or \r\n */
	const char *next;			/* start of the next line; NULL: it was the
								 * last one */
	int			number;			/* from 1 */
} MigLine;

/* names */
extern const char *mig_file_base(const char *path);
extern char *mig_file_parent(const char *path);
extern char *mig_file_directory(const char *path);
extern bool mig_file_ends(const char *path, const char *ending);
extern bool mig_file_is_sql(const char *path);
extern bool mig_file_is_evidence(const char *path);
extern bool mig_file_is_nested(const MigReading *reading, const MigFile *file);
extern int	mig_files_depth(List *files);
extern char *mig_version_sort_key(const char *version);

/* contents */
extern const char *mig_file_text(const MigFile *file);
extern void mig_line_first(MigLine *line, const char *text);
extern bool mig_line_next(MigLine *line);
extern int	mig_file_errcontext(const MigFile *file, int line);

/* pointers by strings */
extern HTAB *mig_map_create(void);
extern void **mig_map_place(HTAB *map, const char *key);

/* order */
extern int	mig_order(bool repeatable_a, const char *key_a,
					  bool repeatable_b, const char *key_b);
extern const char *mig_definition_key(const MigDefinition *definition);
extern int	mig_definition_compare(const ListCell *a, const ListCell *b);

/* definitions */
extern MigDefinition *mig_reading_add(MigReading *reading, const char *sort_key);
extern MigDefinition *mig_reading_get(MigReading *reading, const char *sort_key);
extern void mig_reading_ignore(MigReading *reading, const MigFile *file);
extern bool mig_reading_starts_at(const MigReading *reading,
								  const MigFile *file, const char *identity,
								  List *replaced);
extern void mig_source_set(MigSource *source, const char *start,
						   const char *end, int line);
extern void mig_definition_whole_file(MigDefinition *definition,
									  const MigFile *file, bool down);
pg_noreturn extern void mig_duplicate_error(const MigFile *first,
											const MigFile *second,
											const char *version);

/* placeholders */
extern const char *mig_variable_value(const MigReading *reading,
									  const char *name);
extern void mig_variable_used(MigDefinition *definition, const char *name,
							  const char *value);
pg_noreturn extern void mig_variable_unset_error(const MigFile *file, int line,
												 const char *name);

#endif							/* MIG_FILES_H */
