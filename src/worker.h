/*-------------------------------------------------------------------------
 *
 * worker.h
 *	  The process of a run: its connection to the caller, its session.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_WORKER_H
#define MIG_WORKER_H

#include "nodes/pg_list.h"
#include "storage/dsm.h"
#include "utils/elog.h"

#include "compat.h"
#include "runctx.h"

extern void mig_worker_open(Datum main_arg, MigRequest *request,
							MigCaller *caller);
extern void mig_worker_await_start(void);
extern void mig_worker_discard(void);
extern void mig_worker_clean_session(void);
extern List *mig_worker_session_settings(void);
extern void mig_worker_restore_session(List *settings);
extern bool mig_worker_has_local_settings(List *except);
extern void mig_worker_send_texts(List *texts);
extern void mig_worker_send_row(const MigRunRow *row, void *arg);
extern void mig_worker_set_run(int64 run);
extern void mig_worker_set_position(const MigPosition *position,
									const char *query);
extern void mig_worker_set_blockers(List *blockers);
extern dsm_handle mig_worker_segment(void);
extern bool mig_worker_is_awaited(void);
extern void mig_worker_check_cancelled(void);
extern void mig_worker_close(void);
pg_noreturn extern void mig_worker_fail(ErrorData *error);

#endif							/* MIG_WORKER_H */
