/*-------------------------------------------------------------------------
 *
 * fuzz.c
 *	  Runs made-up inputs through the modules that read what users write.
 *
 * Everything happens in one backend and without subtransactions: each input
 * has a memory context of its own, and check.c restores what an error leaves.
 * An input that reaches code in a new way is kept, to be damaged further.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <fcntl.h>
#include <unistd.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "fuzz.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(migrate_fuzz_run);
PG_FUNCTION_INFO_V1(migrate_fuzz_one);

/* The input that is being tried, for after a crash; in the data directory. */
#define CURRENT_FILE	"migrate_fuzz.input"

#define KNOWN_INPUTS	4000
#define EDGES			(1 << 16)
#define SQLSTATES		100

/* Hits of each edge by the current input, and the kinds of counts ever seen. */
static uint8 hits[EDGES];
static uint8 seen[EDGES];
static uintptr_t previous_edge;

typedef struct ErrorCount
{
	int			sqlstate;
	int64		count;
} ErrorCount;

static ErrorCount errors[SQLSTATES];

/* A run. */
typedef struct FuzzRun
{
	FuzzKind	kind;
	FuzzCorpus	corpus;
	FuzzCounts	counts;
	MemoryContext scratch;		/* of one input */
	int			fd;
	int64		slowest;		/* microseconds */
	int64		bytes;
} FuzzRun;

extern void __sanitizer_cov_trace_pc(void);

/*
 * Called by the instrumented code at each edge.  Addresses count from here,
 * so that they are the same in each process.
 */
void
__sanitizer_cov_trace_pc(void)
{
	uintptr_t	place = (uintptr_t) __builtin_return_address(0) -
		(uintptr_t) __sanitizer_cov_trace_pc;

	place = (place * UINT64CONST(0x9E3779B97F4A7C15)) >> 40;
	if (hits[(place ^ previous_edge) % EDGES] < 255)
		hits[(place ^ previous_edge) % EDGES]++;
	previous_edge = place >> 1;
}

/* 1, 2, 3, 4-7, 8-15, 16-31, 32-127, 128 and more: a bit for each. */
static uint8
bucket(uint8 count)
{
	static const uint8 limits[] = {1, 2, 3, 7, 15, 31, 127, 255};
	int			i = 0;

	if (count == 0)
		return 0;
	while (count > limits[i])
		i++;
	return 1 << i;
}

/* Has this input taken a way that none has taken before? */
static bool
is_new(void)
{
	bool		result = false;

	for (int i = 0; i < EDGES; i++)
		if (hits[i])
		{
			uint8		bit = bucket(hits[i]);

			if (bit & ~seen[i])
				result = true;
			seen[i] |= bit;
		}
	return result;
}

static int
edges_seen(void)
{
	int			count = 0;

	for (int i = 0; i < EDGES; i++)
		count += seen[i] != 0;
	return count;
}

static void
count_error(int sqlstate)
{
	for (int i = 0; i < SQLSTATES; i++)
	{
		if (errors[i].count == 0)
			errors[i].sqlstate = sqlstate;
		if (errors[i].sqlstate != sqlstate)
			continue;
		errors[i].count++;
		return;
	}
}

/* Keeps an input to start from. */
static void
remember(FuzzCorpus *corpus, const char *input, int len)
{
	MemoryContext caller = MemoryContextSwitchTo(corpus->context);
	StringInfo	copy = makeStringInfo();

	appendBinaryStringInfo(copy, input, len);
	if (corpus->count == corpus->allocated)
	{
		corpus->allocated = Max(64, corpus->allocated * 2);
		corpus->inputs = corpus->inputs ?
			repalloc(corpus->inputs, corpus->allocated * sizeof(StringInfo)) :
			palloc(corpus->allocated * sizeof(StringInfo));
	}
	corpus->inputs[corpus->count++] = copy;
	MemoryContextSwitchTo(caller);
}

/* Tries one input: NULL, or what is wrong, in the scratch context. */
static const char *
try_input(FuzzRun *run, const char *input, int len)
{
	MemoryContext caller = MemoryContextSwitchTo(run->scratch);
	const char *wrong;

	memset(hits, 0, sizeof(hits));
	previous_edge = 0;
	wrong = fuzz_check(run->kind, input, len, &run->counts, count_error);
	MemoryContextSwitchTo(caller);
	return wrong;
}

/* Does an input without some of its bytes show the same? Then takes them. */
static bool
without(FuzzRun *run, StringInfo input, int at, int size, const char *wrong)
{
	/* what follows is often a piece of the input */
	int			same = Min(strlen(wrong), 20);
	StringInfoData less;
	const char *still;
	bool		result;

	CHECK_FOR_INTERRUPTS();
	initStringInfo(&less);
	appendBinaryStringInfo(&less, input->data, at);
	appendBinaryStringInfo(&less, input->data + at + size, input->len - at - size);
	still = try_input(run, less.data, less.len);
	result = still != NULL && strncmp(still, wrong, same) == 0;
	if (result)
	{
		resetStringInfo(input);
		appendBinaryStringInfo(input, less.data, less.len);
	}
	pfree(less.data);
	MemoryContextReset(run->scratch);
	return result;
}

/*
 * Takes away from an input with which something is wrong as much as can be,
 * as long as the same is wrong.
 */
static void
minimize(FuzzRun *run, StringInfo input, const char *wrong)
{
	bool		progress = true;

	while (progress)
	{
		progress = false;
		for (int size = input->len / 2; size > 0; size /= 2)
			for (int at = 0; at + size <= input->len;)
				if (without(run, input, at, size, wrong))
					progress = true;
				else
					at += size;
	}
}

/* Bytes as an SQL literal of bytea. */
static char *
as_bytea(const char *bytes, int len)
{
	char	   *result = palloc(len * 2 + 3);

	strcpy(result, "\\x");
	result[2 + hex_encode(bytes, len, result + 2)] = '\0';
	return result;
}

/* Reports an input with which something is wrong. */
static void
report(FuzzRun *run, int64 number, StringInfo input, const char *wrong)
{
	wrong = pstrdup(wrong);
	MemoryContextReset(run->scratch);
	minimize(run, input, wrong);
	ereport(ERROR,
			(errcode(ERRCODE_DATA_EXCEPTION),
			 errmsg("input " INT64_FORMAT ": %s", number, wrong),
			 errdetail("SELECT fuzz_one('%s', '%s');",
					   run->kind == FUZZ_SCRIPT ? "script" : "files",
					   as_bytea(input->data, input->len))));
}

/* Leaves the input where it can be found after a crash. */
static void
note_input(const FuzzRun *run, const StringInfoData *input)
{
	if (pwrite(run->fd, input->data, input->len, 0) != input->len ||
		ftruncate(run->fd, input->len) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not write file \"%s\": %m", CURRENT_FILE)));
}

static FuzzKind
kind_of(const char *word)
{
	if (strcmp(word, "script") == 0)
		return FUZZ_SCRIPT;
	if (strcmp(word, "files") == 0)
		return FUZZ_FILES;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unrecognized kind \"%s\"", word)));
}

static void
begin_run(FuzzRun *run, text *kind)
{
	memset(run, 0, sizeof(*run));
	memset(seen, 0, sizeof(seen));
	memset(errors, 0, sizeof(errors));
	run->kind = kind_of(text_to_cstring(kind));
	run->corpus.context = AllocSetContextCreate(CurrentMemoryContext, "fuzz corpus",
												ALLOCSET_DEFAULT_SIZES);
	run->scratch = AllocSetContextCreate(CurrentMemoryContext, "fuzz input",
										 ALLOCSET_DEFAULT_SIZES);
}

/* Tries one made-up input and keeps it if it is interesting. */
static void
fuzz_input(FuzzRun *run, int64 number, pg_prng_state *random, StringInfo input)
{
	instr_time	start;
	instr_time	end;
	const char *wrong;

	fuzz_generate(run->kind, random, &run->corpus, input);
	note_input(run, input);
	INSTR_TIME_SET_CURRENT(start);
	wrong = try_input(run, input->data, input->len);
	INSTR_TIME_SET_CURRENT(end);
	if (wrong != NULL)
		report(run, number, input, wrong);
	INSTR_TIME_SUBTRACT(end, start);
	run->slowest = Max(run->slowest, (int64) INSTR_TIME_GET_MICROSEC(end));
	run->bytes += input->len;
	MemoryContextReset(run->scratch);
	if (is_new() && run->corpus.count < KNOWN_INPUTS && input->len > 0)
		remember(&run->corpus, input->data, input->len);
}

/* Memory of this process that is neither the corpus' nor an input's. */
static int64
memory_used(const FuzzRun *run)
{
	return MemoryContextMemAllocated(TopMemoryContext, true) -
		MemoryContextMemAllocated(run->corpus.context, true) -
		MemoryContextMemAllocated(run->scratch, true);
}

static text *
summary(const FuzzRun *run, int64 inputs, int64 growth)
{
	StringInfoData result;
	const FuzzCounts *counts = &run->counts;

	initStringInfo(&result);
	appendStringInfo(&result, "inputs=" INT64_FORMAT " bytes=" INT64_FORMAT " accepted=" INT64_FORMAT
					 " refused=" INT64_FORMAT " not_text=" INT64_FORMAT,
					 inputs, run->bytes, counts->accepted, counts->refused, counts->not_text);
	appendStringInfo(&result, " statements=" INT64_FORMAT " steps=" INT64_FORMAT " copies=" INT64_FORMAT
					 " same_as_server=" INT64_FORMAT, counts->statements, counts->steps, counts->copies,
					 counts->same_as_server);
	appendStringInfo(&result, " definitions=" INT64_FORMAT " ignored=" INT64_FORMAT,
					 counts->definitions, counts->ignored);
	appendStringInfo(&result, " edges=%d corpus=%d slowest_us=" INT64_FORMAT " growth=" INT64_FORMAT,
					 edges_seen(), run->corpus.count, run->slowest, growth);
	for (int i = 0; i < SQLSTATES && errors[i].count > 0; i++)
		appendStringInfo(&result, " error_%s=" INT64_FORMAT, unpack_sql_state(errors[i].sqlstate),
						 errors[i].count);
	return cstring_to_text(result.data);
}

/* fuzz_run(kind text, seed bigint, inputs bigint, corpus bytea[]) */
Datum
migrate_fuzz_run(PG_FUNCTION_ARGS)
{
	FuzzRun		run;
	pg_prng_state random;
	int64		inputs = PG_GETARG_INT64(2);
	int64		used = 0;
	StringInfo	input = makeStringInfo();
	Datum	   *known;
	int			nknown;

	begin_run(&run, PG_GETARG_TEXT_PP(0));
	pg_prng_seed(&random, (uint64) PG_GETARG_INT64(1));
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(3), BYTEAOID, -1, false, TYPALIGN_INT, &known, NULL,
					  &nknown);
	for (int i = 0; i < nknown; i++)
		remember(&run.corpus, VARDATA_ANY(known[i]), VARSIZE_ANY_EXHDR(known[i]));

	run.fd = open(CURRENT_FILE, O_RDWR | O_CREAT | PG_BINARY, 0600);
	for (int64 i = 0; i < inputs; i++)
	{
		CHECK_FOR_INTERRUPTS();
		/* by then all that is kept for good has been seen */
		if (i == inputs / 4)
			used = memory_used(&run);
		fuzz_input(&run, i, &random, input);
	}
	close(run.fd);
	PG_RETURN_TEXT_P(summary(&run, inputs, memory_used(&run) - used));
}

/* fuzz_one(kind text, input bytea) */
Datum
migrate_fuzz_one(PG_FUNCTION_ARGS)
{
	FuzzRun		run;
	bytea	   *input = PG_GETARG_BYTEA_PP(1);
	const char *wrong;

	begin_run(&run, PG_GETARG_TEXT_PP(0));
	run.bytes = VARSIZE_ANY_EXHDR(input);
	wrong = try_input(&run, VARDATA_ANY(input), VARSIZE_ANY_EXHDR(input));
	if (wrong != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("%s", wrong)));
	(void) is_new();
	PG_RETURN_TEXT_P(summary(&run, 1, 0));
}
