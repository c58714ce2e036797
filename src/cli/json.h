/*-------------------------------------------------------------------------
 *
 * json.h
 *	  Rows as JSON: one array of objects, a line for each.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include "libpq-fe.h"

#include "util.h"

extern void print_json(const PGresult *rows);
extern void json_begin(void);
extern void json_row(void);
extern void json_text(const char *name, const char *value);
extern void json_raw(const char *name, const char *value);
extern void json_end(void);
extern void json_quote(Text *text, const char *value);

#endif							/* CLI_JSON_H */
