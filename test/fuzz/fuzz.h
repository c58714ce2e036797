/*-------------------------------------------------------------------------
 *
 * fuzz.h
 *	  Made-up input for the modules that read what users write, and what
 *	  must hold for it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FUZZ_H
#define FUZZ_H

#include "common/pg_prng.h"
#include "lib/stringinfo.h"

/* What is made up. */
typedef enum FuzzKind
{
	FUZZ_SCRIPT,				/* one script */
	FUZZ_FILES					/* a directory's files, see FUZZ_FILE_END */
} FuzzKind;

/* An input of FUZZ_FILES is, for each file, path, PATH_END, text, FILE_END. */
#define FUZZ_PATH_END	'\x1f'
#define FUZZ_FILE_END	'\x1e'

/* Inputs to start from. */
typedef struct FuzzCorpus
{
	MemoryContext context;
	int			count;
	int			allocated;
	StringInfo *inputs;
} FuzzCorpus;

/* What became of the inputs. */
typedef struct FuzzCounts
{
	int64		accepted;
	int64		refused;
	int64		not_text;		/* a byte that the encoding does not have */
	int64		statements;
	int64		steps;
	int64		copies;			/* COPY with inline data */
	int64		same_as_server; /* read the same by the server's grammar */
	int64		definitions;
	int64		ignored;
} FuzzCounts;

typedef void (*FuzzErrorSeen) (int sqlstate);

/* generate.c */
extern void fuzz_generate(FuzzKind kind, pg_prng_state *random,
						  const FuzzCorpus *corpus, StringInfo input);

/*
 * check.c: NULL if all that must hold does, else what does not.
 * 'error_seen' is told of each error, for statistics.
 */
extern const char *fuzz_check(FuzzKind kind, const char *input, int len,
							  FuzzCounts *counts, FuzzErrorSeen error_seen);

#endif							/* FUZZ_H */
