/*-------------------------------------------------------------------------
 *
 * rule.h
 *	  A lint rule, what it is called with, and what it says.
 *
 * Rules are data: the arrays at the end of the files rules_*.c, which
 * lint_rules.c makes one table of.  A rule's check is called at the moments
 * that it names; what it looks at is in MigLint, and it reports findings with
 * mig_lint_report().
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_RULE_H
#define MIG_RULE_H

#include "effect.h"
#include "step.h"

typedef enum MigSeverity
{
	MIG_SEVERITY_DEFAULT,		/* in a report: the rule's own */
	MIG_SEVERITY_NOTICE,
	MIG_SEVERITY_WARNING,
	MIG_SEVERITY_ERROR
} MigSeverity;

/* The words of lint() and rules(). */
extern const char *const mig_severity_names[];

/* When a rule is asked; a rule may name several moments. */
#define MIG_ON_STATEMENT		0x01	/* each statement */
#define MIG_ON_COMMAND			0x02	/* each command of an ALTER TABLE */
#define MIG_ON_COLUMN			0x04	/* each column that CREATE TABLE or ADD
										 * COLUMN defines */
#define MIG_ON_CONSTRAINT		0x08	/* each constraint that CREATE TABLE, ADD
										 * COLUMN or ADD CONSTRAINT defines */
#define MIG_ON_TRANSACTION_END	0x10	/* before each commit */
#define MIG_ON_SCRIPT_END		0x20	/* after a script's last statement */
#define MIG_ON_SET_END			0x40	/* after the last script */
#define MIG_ON_CHANGE			0x80	/* each change of rows that a statement
										 * makes, also those of its WITH */

struct MigLint;

typedef struct MigRule
{
	const char *name;
	MigSeverity severity;
	bool		enabled;		/* by default */
	int			moments;		/* MIG_ON_* */
	void		(*check) (struct MigLint *lint);
	const char *help;			/* what it finds: one line */
	const char *why;			/* what goes wrong: a sentence or two */
	const char *safe;			/* when it is safe, and thus silent */
	const char *bad;			/* SQL; assumes the schema of doc/rules.md */
	const char *good;			/* SQL that this rule does not object to; NULL:
								 * there is none */
	bool		before;			/* not asked of a script that has run: what is
								 * there is its own work */
} MigRule;

/* The rules of one section; ends with a rule without a name. */
extern const MigRule mig_rules_index[];
extern const MigRule mig_rules_index_key[];
extern const MigRule mig_rules_constraint[];
extern const MigRule mig_rules_foreign_key[];
extern const MigRule mig_rules_column[];
extern const MigRule mig_rules_column_change[];
extern const MigRule mig_rules_type_change[];
extern const MigRule mig_rules_table[];
extern const MigRule mig_rules_rename[];
extern const MigRule mig_rules_maintenance[];
extern const MigRule mig_rules_partition[];
extern const MigRule mig_rules_object[];
extern const MigRule mig_rules_design[];
extern const MigRule mig_rules_type[];
extern const MigRule mig_rules_prefer[];
extern const MigRule mig_rules_transaction[];
extern const MigRule mig_rules_statement[];
extern const MigRule mig_rules_name[];
extern const MigRule mig_rules_code[];
extern const MigRule mig_rules_data[];
extern const MigRule mig_rules_after[];
extern const MigRule mig_rules_reference[];
extern const MigRule mig_rules_live[];
extern const MigRule mig_rules_fail[];

/* A statement that came earlier in the same transaction. */
typedef struct MigDone
{
	const MigStatement *statement;
	Node	   *stmt;
	MigEffect  *effect;
	int			script;			/* number of its script in the set */
} MigDone;

/* A lock that makes others wait, on a relation that they use. */
typedef struct MigHolder
{
	MigDone    *done;			/* the statement that took it */
	MigRel	   *rel;
	LOCKMODE	lock;
} MigHolder;

typedef struct MigFinding
{
	const MigRule *rule;
	MigSeverity severity;
	int			script;			/* number of its script in the set, from 0 */
	int			statement;		/* from 1; 0: of no statement */
	int			line;			/* in the script's file */
	int			col;			/* from 1, in characters */
	const char *object;
	const char *consequence;
	const char *rewrite;		/* NULL: none to offer */
	bool		traced;			/* a dry run has found it */
} MigFinding;

/* A statement to come back to: kept by a rule until the end of the set. */
typedef struct MigLintPlace
{
	int			script;
	int			statement;
	int			location;		/* in the script's text */
	bool		called;			/* in a routine that is called */
} MigLintPlace;

/* What a report may say; all but the consequence can be left out. */
typedef struct MigReport
{
	MigSeverity severity;
	int			location;		/* of a node, as the grammar gave it; 0: of the
								 * constraint, column, command or statement */
	const char *object;
	const char *consequence;
	const char *rewrite;
	const MigLintPlace *place;	/* instead of the current statement */
} MigReport;

/* One script of the set. */
typedef struct MigLintScript
{
	const char *version;
	const char *name;
	const char *path;
	bool		no_transaction;
	bool		reported;		/* its findings are wanted */
	bool		has_down;
	const char *down;			/* text of the down script; NULL: none, or not
								 * known */
	const char *text;
	int			first_line;
	int			done;			/* statements up to this one have run already */
	bool		applied;		/* all of it has */
	MigScript  *script;			/* NULL: it could not be parsed ... */
	const char *failure;		/* ... and this is why, ... */
	int			failure_line;	/* ... in this line of its file; 0: none */
	List	   *suppressions;	/* of MigSuppression * */
} MigLintScript;

/* Which statements a rule is looking at. */
typedef enum MigLintBody
{
	MIG_BODY_NONE,				/* of the script itself */
	MIG_BODY_DO,				/* inside a DO block: it runs now */
	MIG_BODY_ROUTINE,			/* inside a function: it runs when called */
	MIG_BODY_CALLED				/* inside one that is called: it runs now */
} MigLintBody;

typedef struct MigLint
{
	MigShadow  *shadow;			/* as it is before this statement */
	MemoryContext context;		/* until the end of the set */
	List	   *scripts;		/* of MigLintScript * */
	int			number;			/* of the current script, from 0 */
	MigLintScript *script;
	const MigStatement *statement;
	const MigStep *step;
	Node	   *stmt;			/* its tree, or that of a statement in its body */
	MigLintBody body;
	const char *source;			/* the text it stands in: the script's, or one
								 * that its code puts together */
	int			base;			/* added to a location of the tree: in 'source' */
	int			location;		/* of the statement in 'source' */
	int			len;
	int			place;			/* if 'source' is not the script's text: where
								 * in that to look */
	struct MigBody *routine;	/* of DO, CREATE FUNCTION, CREATE PROCEDURE */
	List	   *calls;			/* of MigCall *: what 'stmt' calls that can change
								 * something */
	const struct MigCall *called;	/* that 'stmt' is in; NULL: none */
	int			called_line;	/* of 'stmt' in its body */
	bool		unseen;			/* an earlier statement may have done anything */
	bool		fails;			/* this one is certain to fail, a finding says */
	MigEffect  *effect;			/* of 'stmt' */
	MigRel	   *rel;			/* the relation 'stmt' is about; NULL: none, or
								 * unknown here */

	/* at the moments that have them */
	AlterTableCmd *command;
	ColumnDef  *column;			/* also of a column's constraint */
	Constraint *constraint;
	struct MigChange *change;	/* 'rel' is what it changes */

	/* the transaction so far */
	bool		in_transaction; /* false: commits by itself */
	List	   *done;			/* of MigDone *, before this statement */
	List	   *holders;		/* of MigHolder *, as they came */
	int			nheld;			/* relations that are locked */

	int			moment;			/* MIG_ON_*: why rules are asked */
	const MigRule *rule;		/* the one being asked */
	void	  **memory;			/* per rule; see mig_lint_memory() */
	int			rule_number;
	List	   *findings;		/* of MigFinding * */
} MigLint;

/* reporting; rule_report.c */
extern void mig_lint_report(MigLint *lint, const MigReport *report);
extern MigLintPlace *mig_lint_place(MigLint *lint, int location);
extern void *mig_lint_memory(MigLint *lint, Size size);

/* verdicts that many rules share */
extern bool mig_lint_is_quiet(MigLint *lint, MigRel *rel);
extern MigSeverity mig_lint_by_size(MigLint *lint, MigRel *rel);
extern bool mig_lint_is_shared(const MigRel *rel);
extern void mig_lint_hold(MigLint *lint, MigDone *done);
extern LOCKMODE mig_lint_held(MigLint *lint, const MigRel *rel);
extern bool mig_lint_changes_rows(MigLint *lint);
extern bool mig_lint_is_slow(MigLint *lint);
extern int	mig_lint_change_location(const MigLint *lint);
extern MigDone *mig_lint_holder(MigLint *lint, LOCKMODE least,
								const MigRel *except, MigRel **held);

extern RangeVar *mig_lint_subject(Node *stmt, char *kind);
extern bool mig_lint_commands(MigLint *lint, AlterTableType subtype,
							  const char *name);

/* what a statement says, and names; rule_text.c */
extern char *mig_lint_text(MigLint *lint);
extern char *mig_lint_after_commit(MigLint *lint);
extern int	mig_lint_offset(const MigLint *lint, int location);
extern int	mig_lint_end_of(MigLint *lint, int location);
extern char *mig_lint_piece(MigLint *lint, int start, int end);
extern char *mig_lint_source(MigLint *lint, int location);
extern int	mig_lint_source_end(MigLint *lint, int location);
extern char *mig_lint_between(MigLint *lint, int start, int end);
extern bool mig_lint_find_word(MigLint *lint, int from, const char *word,
							   int *start, int *end);
extern int	mig_lint_type_end(MigLint *lint, const TypeName *type);
extern int	mig_lint_command_number(const MigLint *lint);
extern void mig_lint_command_span(MigLint *lint, int number, int *start,
								  int *end);
extern char *mig_lint_after(const char *text, const char *word);
extern char *mig_lint_after_name(const char *text);
extern char *mig_lint_list(const char *text);
extern char *mig_lint_constraint_text(MigLint *lint);
extern char *mig_lint_column_without(MigLint *lint, ColumnDef *column,
									 int kinds);
extern Constraint *mig_lint_column_constraint(ColumnDef *column,
											  ConstrType kind);
extern char *mig_lint_names(List *names);
extern const char *mig_lint_column_label(MigLint *lint, const char *column);
extern const char *mig_lint_range(const RangeVar *name);
extern char *mig_lint_suffixed(const char *name, const char *suffix);

/* what it should say; rule_edit.c */
extern List *mig_lint_edit(List *edits, int start, int end, const char *text);
extern char *mig_lint_edited(MigLint *lint, List *edits);
extern char *mig_lint_replace(MigLint *lint, int start, int end,
							  const char *by);
extern char *mig_lint_insert(MigLint *lint, const char *after,
							 const char *inserted);
extern char *mig_lint_append(MigLint *lint, const char *appended);
extern char *mig_lint_without_command(MigLint *lint);
extern char *mig_lint_substitute(const char *text, const char *word,
								 const char *by);
extern char *mig_lint_without(const char *text, const char *const *words,
							  int nwords);
extern char *mig_lint_with(const char *text, const char *after,
						   const char *inserted);

/* relations in words, and parts of their rows; rule_relation.c */
extern const char *mig_lint_loss(MigRel *rel);
extern const char *mig_lint_rows(double rows);
extern const char *mig_lint_rel_list(List *rels);
extern List *mig_lint_locked_too(MigLint *lint, LOCKMODE least, List *except);
extern bool mig_lint_is_published(const MigRel *rel);
/* above a statement with such a condition */
#define MIG_LINT_FIRST_BATCH \
	"-- batch by batch, each in a transaction of its own; the first:\n"
extern char *mig_lint_batch(MigRel *rel, const char *qualifier);
extern char *mig_lint_column_names(MigRel *rel, List *attnums);

#endif							/* MIG_RULE_H */
