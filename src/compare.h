/*-------------------------------------------------------------------------
 *
 * compare.h
 *	  Do two scripts differ by more than white space and comments?
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_COMPARE_H
#define MIG_COMPARE_H

extern bool mig_compare_same(const char *a, const char *b,
							 int *line_a, int *line_b);

#endif							/* MIG_COMPARE_H */
