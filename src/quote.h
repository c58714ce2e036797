/*-------------------------------------------------------------------------
 *
 * quote.h
 *	  Where strings, quoted names and comments end, in texts that are not SQL
 *	  yet: with placeholders or delimiters of other tools in them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_QUOTE_H
#define MIG_QUOTE_H

extern const char *mig_quote_end(const char *text, const char *p);

#endif							/* MIG_QUOTE_H */
