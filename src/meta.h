/*-------------------------------------------------------------------------
 *
 * meta.h
 *	  psql's meta-commands: which do no harm, what to do instead of the rest.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_META_H
#define MIG_META_H

extern bool mig_meta_ignored(const char *command);
extern void mig_meta_refuse(const char *text, int location);

#endif							/* MIG_META_H */
