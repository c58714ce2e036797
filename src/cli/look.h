/*-------------------------------------------------------------------------
 *
 * look.h
 *	  Where the migrations stand.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CLI_LOOK_H
#define CLI_LOOK_H

#include "db.h"

extern void look_at_what_is_left(Db *db);

#endif							/* CLI_LOOK_H */
