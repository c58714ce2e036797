/*-------------------------------------------------------------------------
 *
 * liquibase.h
 *	  What the parts of the reader of Liquibase's changelogs share.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_LIQUIBASE_H
#define MIG_LIQUIBASE_H

#include "lib/stringinfo.h"

#include "files.h"

/*
 * A part of a document in XML, YAML or JSON.  An attribute is a child, and the
 * mappings in a list are what stands in them: <a b="c"><d/></a> is as good
 * as {"a": [{"b": "c"}, {"d": {}}]}.
 */
typedef struct LbNode
{
	const char *name;			/* "" for a value in a list */
	char	   *value;			/* NULL if it has none */
	List	   *children;		/* of LbNode * */
	bool		element;		/* of XML */
	int			line;
	int			value_line;		/* line of the value's first byte */
} LbNode;

/* A ${name} that a changelog defines. */
typedef struct LbProperty
{
	char	   *name;
	char	   *value;
} LbProperty;

/* A file of changesets. */
typedef struct LbChangelog
{
	const MigFile *file;
	const char *path;			/* as Liquibase names it */
	const char *logical;		/* what it wants to be named instead, or NULL */
	struct LbChangelog *parent; /* the one that includes it, or NULL */
	List	   *contexts;		/* of char *: its own and its include's */
	List	   *labels;			/* of char *: its include's */
	bool		ignore;			/* its include's */
	List	   *properties;		/* of LbProperty *: local ones, the last first */
} LbChangelog;

/* What a precondition that does not hold leads to. */
typedef enum LbOnFail
{
	LB_HALT,
	LB_WARN,
	LB_MARK_RAN,
	LB_CONTINUE
} LbOnFail;

/* How a script is cut into statements. */
typedef struct LbSplit
{
	bool		split;
	bool		strip;			/* comments */
	const char *delimiter;		/* NULL: ; or GO or / */
} LbSplit;

/* A part of a changeset's script. */
typedef struct LbChange
{
	const char *text;			/* as it stands in its file */
	int			line;			/* of its first byte */
	const MigFile *file;
	bool		expand;			/* ${name} is replaced */
	bool		digest_expanded;	/* before its checksum is computed */
	bool		elsewhere;		/* it is for another database: not run, and in
								 * old checksums only */
	LbSplit		split;
} LbChange;

typedef struct LbChangeset
{
	LbChangelog *changelog;
	int			line;
	const char *id;
	const char *author;
	const char *path;			/* with these two what it is known by */
	const char *comment;
	const char *contexts;
	const char *labels;
	const char *dbms;
	bool		ignore;
	bool		run_on_change;
	bool		run_always;
	bool		in_transaction;
	bool		fail_on_error;
	List	   *changes;		/* of LbChange * */
	List	   *checksums;		/* of char *: validCheckSum */
	bool		idle;			/* it has changes besides these, which do nothing */
	const char *host_reason;	/* why it cannot be SQL, or NULL */
	LbOnFail	on_fail;
	StringInfoData condition;	/* in SQL; empty: it has none */
	bool		has_rollback;
	List	   *rollback;		/* of LbChange *; NIL: nothing is to be done */
} LbChangeset;

/* A load. */
typedef struct LbState
{
	MigReading *reading;
	MigReading	by_path;		/* files; up.line is the index, from 1, and
								 * host is set for those that are in use */
	MigReading	by_identity;	/* changesets; up.line is the index, from 1, and
								 * host is set for those that are loaded */
	List	   *changesets;		/* of LbChangeset *, also those not loaded */
	char	   *base;			/* the directory whose files are named from it */
	char	   *prefix;			/* before these names */
	bool		settled;		/* these two */
	const char *root;			/* directory of the root changelog */
	List	   *properties;		/* of LbProperty *: global ones, the first
								 * first */
	List	   *contexts;		/* of char *: what the caller asked for */
	List	   *labels;
	List	   *reading_now;	/* of char *: paths of open changelogs */
	List	   *left_out;		/* of char *, for the notices */
	List	   *repeated;
	List	   *always;
	List	   *forgiving;
	List	   *unchecked;
	void		(*include) (struct LbState *state, LbChangelog *changelog,
							const LbNode *node, bool all);
} LbState;

/* liquibase_match.c: attributes in a line, filters */
extern char *mig_lb_attribute(const char *line, const char *name,
							  const char *kind);
extern bool mig_lb_boolean(const char *line, const char *name, bool otherwise);
extern char *mig_lb_unquote(char *text);
extern char *mig_lb_trim(const char *text);
extern bool mig_lb_word(const char **p, const char *word);
extern const char *mig_lb_directive(const char *line, bool indented,
									const char *word);
extern List *mig_lb_split(const char *text, bool parens);
extern bool mig_lb_matches_context(const char *wanted, List *given);
extern bool mig_lb_matches_labels(const char *labels, List *given);
extern bool mig_lb_matches_dbms(const char *wanted);

/* liquibase_tree.c: documents */
extern LbNode *mig_lb_parse_xml(const MigFile *file);
extern LbNode *mig_lb_parse_yaml(const MigFile *file);
extern const LbNode *mig_lb_child(const LbNode *node, const char *name);
extern const char *mig_lb_value(const LbNode *node, const char *name);
extern bool mig_lb_flag(const LbNode *node, const char *name, bool otherwise);

/* liquibase_script.c: texts */
extern char *mig_lb_expand(LbState *state, const LbChangelog *changelog,
						   MigDefinition *definition, const MigFile *file,
						   const char *text, int line);
extern char *mig_lb_delimit(const char *text, const LbSplit *split,
							const MigFile *file, int line);
extern char *mig_lb_guard(const LbChangeset *changeset, const char *text,
						  const char *end);
extern char *mig_lb_digest_v9(const char *text);
extern char *mig_lb_digest_v8(const char *text, const LbSplit *split);
extern char *mig_lb_digest_all(int version, List *digests);

/* liquibase_files.c: which file a path means, and what it is called */
extern void mig_lb_index_files(LbState *state);
extern void mig_lb_use_file(LbState *state, const MigFile *file);
extern bool mig_lb_is_used(LbState *state, const MigFile *file);
extern void mig_lb_settle_base(LbState *state, const char *path, bool all);
extern char *mig_lb_path_of(const LbState *state, const MigFile *file);
extern const MigFile *mig_lb_resolve(LbState *state, const LbChangelog *changelog,
									 const char *path, bool relative,
									 const char **name);
extern List *mig_lb_resolve_all(LbState *state, const LbChangelog *changelog,
								const char *path, bool relative,
								const char **name);

/* liquibase_changeset.c */
extern char *mig_lb_normalize(const char *path);
extern LbChangeset *mig_lb_changeset(LbChangelog *changelog, int line);
extern void mig_lb_name_path(LbChangeset *changeset, const char *logical);
extern void mig_lb_finish(LbState *state, LbChangeset *changeset);
extern void mig_lb_property(LbState *state, LbChangelog *changelog,
							const char *name, const char *value, bool global,
							const char *contexts, const char *labels,
							const char *dbms);
extern LbChangeset *mig_lb_find(LbState *state, const char *path,
								const char *id, const char *author);
extern void mig_lb_roll_back_to(LbState *state, LbChangeset *changeset,
								const char *path, const char *id,
								const char *author, int line);

/* liquibase_sql.c */
extern bool mig_lb_is_formatted(const MigFile *file);
extern void mig_lb_read_sql(LbState *state, LbChangelog *changelog);

/* liquibase_changelog.c */
extern bool mig_lb_is_document(const MigFile *file);
extern LbNode *mig_lb_document(const MigFile *file);
extern void mig_lb_read_document(LbState *state, LbChangelog *changelog,
								 const LbNode *root);

#endif							/* MIG_LIQUIBASE_H */
