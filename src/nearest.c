/*-------------------------------------------------------------------------
 *
 * nearest.c
 *	  The name that is most like one that does not exist.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/varlena.h"

#include "nearest.h"

/* What has more differences than these is another name. */
#define MAX_DIFFERENCES	3

/* Longer ones are no names; the server's function has a limit, too. */
#define MAX_LENGTH		128

/*
 * The candidate, of char *, that a slip of the fingers may have made this name
 * of; NULL: none is like it.
 */
const char *
mig_nearest(const char *name, List *candidates)
{
	int			len = strlen(name);
	/* of a short name, little is left with more */
	int			limit = Min(MAX_DIFFERENCES, len / 3);
	const char *nearest = NULL;
	ListCell   *lc;

	if (len > MAX_LENGTH)
		return NULL;
	foreach(lc, candidates)
	{
		const char *candidate = lfirst(lc);
		int			candidate_len = strlen(candidate);
		int			distance;

		if (candidate_len > MAX_LENGTH)
			continue;
		distance = varstr_levenshtein_less_equal(name, len, candidate,
												 candidate_len, 1, 1, 1, limit,
												 true);
		if (distance > limit)
			continue;
		nearest = candidate;
		if (distance == 0)
			break;
		limit = distance - 1;
	}
	return nearest;
}
