/*-------------------------------------------------------------------------
 *
 * compare.c
 *	  Do two scripts differ by more than white space and comments?
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "compare.h"
#include "scan.h"
#include "text.h"

/* Error context callback. */
static void
compare_error_context(void *arg)
{
	(void) mig_text_quote_error(arg, 1);
}

/* The next token that counts. */
static MigScanEvent
next_token(MigScan *scan)
{
	MemoryContext caller = CurrentMemoryContext;
	ErrorContextCallback callback;
	MigScanEvent event;

	callback.callback = compare_error_context;
	callback.arg = unconstify(char *, scan->text);
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	PG_TRY();
	{
		do
			event = mig_scan_next(scan);
		while (event == MIG_SCAN_IGNORED);
	}
	PG_CATCH();
	{
		mig_text_rethrow(caller);
	}
	PG_END_TRY();
	error_context_stack = callback.previous;
	return event;
}

/* Are the current tokens of two scripts the same? */
static bool
same_token(const MigScan *a, const MigScan *b)
{
	if (a->token != b->token)
		return false;
	switch (a->token)
	{
		case MIG_TOKEN_IDENT:
		case MIG_TOKEN_UIDENT:
		case MIG_TOKEN_FCONST:
		case MIG_TOKEN_SCONST:
		case MIG_TOKEN_USCONST:
		case MIG_TOKEN_BCONST:
		case MIG_TOKEN_XCONST:
		case MIG_TOKEN_OP:
			return strcmp(a->value.str, b->value.str) == 0;
		case MIG_TOKEN_ICONST:
		case MIG_TOKEN_PARAM:
			return a->value.ival == b->value.ival;
		default:
			/* keywords and characters are their own value */
			return true;
	}
}

/*
 * Is the inline data of two COPYs the same, whatever its line ends?  If it
 * is not, the locations of the first difference are returned.
 */
static bool
same_data(const MigScan *a, const MigScan *b,
		  int *location_a, int *location_b)
{
	const char *p = a->text + a->data;
	const char *q = b->text + b->data;
	const char *p_end = p + a->data_len;
	const char *q_end = q + b->data_len;

	for (;;)
	{
		if (p + 1 < p_end && p[0] == '\r' && p[1] == '\n')
			p++;
		if (q + 1 < q_end && q[0] == '\r' && q[1] == '\n')
			q++;
		if (p == p_end || q == q_end || *p != *q)
			break;
		p++;
		q++;
	}
	*location_a = p - a->text;
	*location_b = q - b->text;
	return p == p_end && q == q_end;
}

/*
 * Do two scripts differ in nothing but white space and comments?  If they
 * differ in more, *line_a and *line_b are the lines, from 1, of the first
 * difference; otherwise they are 0.
 *
 * A text that the server's scanner cannot read is the scanner's error.
 */
bool
mig_compare_same(const char *a, const char *b, int *line_a, int *line_b)
{
	MigScan		scan_a;
	MigScan		scan_b;
	MigScanEvent event_a;
	MigScanEvent event_b;
	int			location_a;
	int			location_b;
	int			level = mig_scan_begin_quiet();
	bool		same;

	*line_a = *line_b = 0;
	mig_scan_begin(&scan_a, a);
	mig_scan_begin(&scan_b, b);
	do
	{
		CHECK_FOR_INTERRUPTS();
		event_a = next_token(&scan_a);
		event_b = next_token(&scan_b);
		location_a = scan_a.location;
		location_b = scan_b.location;
		same = event_a == event_b && same_token(&scan_a, &scan_b);
		if (same && event_a == MIG_SCAN_COPY)
			same = same_data(&scan_a, &scan_b, &location_a, &location_b);
	} while (same && event_a != MIG_SCAN_END);

	if (!same)
	{
		*line_a = mig_text_line_number(a, location_a);
		*line_b = mig_text_line_number(b, location_b);
	}
	mig_scan_end(&scan_a);
	mig_scan_end(&scan_b);
	mig_scan_end_quiet(level);
	return same;
}
