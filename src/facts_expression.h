/*-------------------------------------------------------------------------
 *
 * facts_expression.h
 *	  Expressions over the columns that a relation will have.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_FACTS_EXPRESSION_H
#define MIG_FACTS_EXPRESSION_H

#include "parser/parse_node.h"

#include "shadow.h"

extern bool mig_fact_try(MigShadow *shadow, void (*function) (void *arg),
						 void *arg);
extern Node *mig_fact_transform(MigRel *rel, Node *expression, Oid type,
								int32 typmod, ParseExprKind kind);
extern Node *mig_fact_planned(Node *transformed);
extern bool mig_fact_calls_user_code(Query *query);
extern char mig_fact_volatility(Node *transformed);
extern bool mig_fact_uses_routine_of_set(MigShadow *shadow, Node *raw);
extern List *mig_fact_proven(MigRel *rel, bool not_nulls);

#endif							/* MIG_FACTS_EXPRESSION_H */
