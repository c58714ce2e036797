/*-------------------------------------------------------------------------
 *
 * gauge.h
 *	  Work that can be compared: what kind it is, and how much of it there is.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_GAUGE_H
#define MIG_GAUGE_H

#include "effect.h"
#include "journal.h"

extern MigTiming *mig_gauge(Node *stmt, const MigEffect *effect);

#endif							/* MIG_GAUGE_H */
