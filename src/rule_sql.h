/*-------------------------------------------------------------------------
 *
 * rule_sql.h
 *	  Statements that lint rules propose.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_RULE_SQL_H
#define MIG_RULE_SQL_H

#include "lib/stringinfo.h"

#include "rule.h"

/* A line or more: a statement or a part of it, with its semicolon. */
extern void mig_sql_add(StringInfo sql, const char *format,...) pg_attribute_printf(2, 3);

extern const char *mig_sql_table(MigLint *lint);
extern const char *mig_sql_column_list(List *strings);
extern char *mig_sql_index_name(MigLint *lint, MigRel *rel,
								const char *columns, const char *label);
extern char *mig_sql_constraint_name(MigRel *rel, const char *columns,
									 const char *label);
extern char *mig_sql_column_name(MigRel *rel, const char *column,
								 const char *label);
extern char *mig_sql_joined_columns(List *strings);

extern void mig_sql_index(StringInfo sql, MigRel *rel, const char *table,
						  bool unique, const char *name, const char *rest);
extern void mig_sql_validate(StringInfo sql, const char *table,
							 const char *constraint);
extern void mig_sql_not_null(StringInfo sql, MigRel *rel, const char *table,
							 const char *column);
extern void mig_sql_backfill(StringInfo sql, MigRel *rel, const char *table,
							 const char *assignment, const char *condition);
extern void mig_sql_trigger(StringInfo sql, MigRel *rel, const char *table,
							const char *name, const char *statements);
extern void mig_sql_fill_trigger(StringInfo sql, MigRel *rel,
								 const char *table, const char *name,
								 const char *column, const char *expression);

#endif							/* MIG_RULE_SQL_H */
