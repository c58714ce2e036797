/*-------------------------------------------------------------------------
 *
 * scan.h
 *	  The server's core scanner on its way through a script.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_SCAN_H
#define MIG_SCAN_H

#include "nodes/pg_list.h"
#include "parser/scanner.h"

/*
 * Codes of the tokens that are neither a keyword nor a single character.
 * parser/scanner.h promises these numbers to every user of the scanner; the
 * header that bison makes of them is not installed any more since 16.
 */
typedef enum MigToken
{
	MIG_TOKEN_IDENT = 258,
	MIG_TOKEN_UIDENT,
	MIG_TOKEN_FCONST,
	MIG_TOKEN_SCONST,
	MIG_TOKEN_USCONST,
	MIG_TOKEN_BCONST,
	MIG_TOKEN_XCONST,
	MIG_TOKEN_OP,
	MIG_TOKEN_ICONST,
	MIG_TOKEN_PARAM
} MigToken;

/* What the scanner has come to. */
typedef enum MigScanEvent
{
	MIG_SCAN_TOKEN,				/* nothing but a token */
	MIG_SCAN_COPY,				/* ';' of a COPY ... FROM stdin */
	MIG_SCAN_SETTING,			/* ';' of what may set how text is scanned */
	MIG_SCAN_IGNORED,			/* a line that is to be skipped */
	MIG_SCAN_META,				/* a psql meta-command */
	MIG_SCAN_END,				/* the end of the text */
	MIG_SCAN_FAILED				/* not lexable */
} MigScanEvent;

/* How far the scanner is in a statement. */
typedef struct MigScanStatement
{
	int			start;			/* location of its first token */
	int			first;			/* its first token */
	int			position;		/* of the current token, from 1 */
	int			previous;		/* token before the current one */
	int			parens;			/* open parentheses */
	bool		routine;		/* CREATE FUNCTION or PROCEDURE */
	int			bodies;			/* open BEGIN ATOMIC */
	int			copy_from;		/* position of FROM in COPY */
	bool		copy_in;		/* COPY ... FROM stdin */
	bool		setting;		/* may change how text is scanned */
} MigScanStatement;

#define MIG_SCAN_KEYWORDS	15

typedef struct MigScan
{
	/* the current token; all locations are offsets in 'text' */
	const char *text;
	int			token;			/* 0 at the end */
	core_YYSTYPE value;			/* until the next call */
	int			location;
	int			token_end;		/* where the last token ended */

	/* of MIG_SCAN_COPY: the inline data */
	int			data;
	int			data_len;
	bool		data_misplaced; /* there is text at 'data', on COPY's line */

	/* of mig_scan_segment() */
	int			start;			/* the segment is from here ... */
	int			end;			/* ... up to here */
	bool		conforming;		/* with this standard_conforming_strings */
	ErrorData  *failure;		/* of MIG_SCAN_FAILED */

	/* the rest belongs to scan.c */
	core_yyscan_t scanner;
	core_yy_extra_type extra;
	YYLTYPE		scanned_location;	/* the scanner keeps a pointer to it */
	int			skip;			/* bytes of the BOM before the scanned text */
	MemoryContext context;		/* of the scanner */
	MemoryContext values;		/* of the token's value */
	int			keywords[MIG_SCAN_KEYWORDS];	/* their token codes */
	MigScanStatement statement; /* of the current token */
	bool		ended;			/* the next token starts a new one */
	int			semicolon;		/* location after the last ';', however deep */
	int			resume;			/* where the next segment starts */
	bool		local;			/* SET LOCAL is in force until COMMIT */
	bool		conforming_later;	/* the setting after that */
} MigScan;

extern void mig_scan_begin(MigScan *scan, const char *text);
extern MigScanEvent mig_scan_next(MigScan *scan);
extern bool mig_scan_token(MigScan *scan);
extern bool mig_scan_is_word(const MigScan *scan, const char *word);
extern MigScanEvent mig_scan_segment(MigScan *scan);
extern void mig_scan_end(MigScan *scan);

extern List *mig_scan_parse(const char *text, int start, int end,
							bool conforming, const MigScan *failed);

extern int	mig_scan_begin_quiet(void);
extern void mig_scan_end_quiet(int level);

#endif							/* MIG_SCAN_H */
