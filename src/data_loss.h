/*-------------------------------------------------------------------------
 *
 * data_loss.h
 *	  What a statement did to data, which no comparison of schemas shows.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_DATA_LOSS_H
#define MIG_DATA_LOSS_H

#include "fingerprint.h"
#include "step.h"
#include "traced.h"

extern char *mig_data_loss(const MigScript *script, const MigTrace *trace,
						   const MigFingerprint *without, bool down);

#endif							/* MIG_DATA_LOSS_H */
