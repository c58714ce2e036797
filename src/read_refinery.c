/*-------------------------------------------------------------------------
 *
 * read_refinery.c
 *	  The layout of refinery, in any directory:
 *
 *		V<number>__<name>.sql		up
 *		U<number>__<name>.sql		up as well, which may be applied late
 *		V<number>__<name>.rs		up, in Rust
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"

#include "digest.h"
#include "readers.h"

#define NO_TRANSACTION		"refinery:noTransaction"

/* Rust's hash of a string is that of its bytes and of this one. */
#define STRING_END			0xFF

/* What a file's name says. */
typedef struct RefineryName
{
	char	   *version;		/* as it is written */
	char	   *number;			/* without leading zeros */
	int64		value;
	char	   *name;
	bool		host;
} RefineryName;

/* The number of a version, which the tool keeps in 8 bytes at most. */
static void
read_version(const MigFile *file, RefineryName *name)
{
	char	   *end;

	errno = 0;
	name->value = strtoi64(name->version, &end, 10);
	if (errno != 0 || *end != '\0')
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("version \"%.60s\" is not an integer of 64 bits",
						name->version),
				 errhint("Rename the file: refinery takes V1__name.sql to V%lld__name.sql.",
						 (long long) PG_INT64_MAX),
				 errcontext("file \"%s\"", file->path)));
	name->number = psprintf(INT64_FORMAT, name->value);
}

/* Takes a file's name apart; false if it is not that of a migration. */
static bool
read_name(const MigFile *file, RefineryName *name)
{
	const char *base = mig_file_base(file->path);
	const char *p = base + 1;
	const char *end;

	name->host = mig_file_ends(base, ".rs");
	if ((*base != 'V' && *base != 'U') ||
		!(name->host || mig_file_ends(base, ".sql")))
		return false;
	end = base + strlen(base) - (name->host ? 3 : 4);

	p += strspn(p, "0123456789");
	if (p == base + 1)
		return false;
	if (*p == '.' && isdigit((unsigned char) p[1]))
		p += 1 + strspn(p + 1, "0123456789");
	if (strncmp(p, "__", 2) != 0 || p + 2 >= end)
		return false;
	name->version = pnstrdup(base + 1, p - base - 1);
	name->name = pnstrdup(p + 2, end - p - 2);
	for (p = name->name; *p != '\0'; p++)
		if (!isalnum((unsigned char) *p) && *p != '_' && !IS_HIGHBIT_SET(*p))
			return false;
	read_version(file, name);
	return true;
}

static void
append_little_endian(StringInfo data, int64 value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		appendStringInfoChar(data, (char) ((uint64) value >> (8 * i)));
}

/*
 * The tool's checksum, with versions of so many bytes: these are a choice of
 * the program that it is built into.
 */
static char *
checksum(const MigFile *file, const RefineryName *name, int bytes)
{
	StringInfoData data;
	int			len;
	char	   *utf8 = mig_digest_utf8(name->name, strlen(name->name), &len);

	initStringInfo(&data);
	appendBinaryStringInfo(&data, utf8, len);
	appendStringInfoChar(&data, (char) STRING_END);
	append_little_endian(&data, name->value, bytes);
	utf8 = mig_digest_utf8(file->content, strlen(file->content), &len);
	appendBinaryStringInfo(&data, utf8, len);
	appendStringInfoChar(&data, (char) STRING_END);
	return psprintf(UINT64_FORMAT, mig_digest_siphash13(data.data, data.len));
}

/* Is there a line that says to run without a transaction? */
static bool
has_no_transaction(const MigFile *file)
{
	MigLine		line;

	mig_line_first(&line, file->content);
	do
	{
		const char *p = line.start;

		while (p < line.end && *p == '-')
			p++;
		if (p - line.start < 2)
			continue;
		if (p < line.end && isspace((unsigned char) *p))
			p++;
		if (line.end - p == strlen(NO_TRANSACTION) &&
			strncmp(p, NO_TRANSACTION, strlen(NO_TRANSACTION)) == 0)
			return true;
	} while (mig_line_next(&line));
	return false;
}

/* Adds the migration of a file. */
static void
add_file(MigReading *reading, const MigFile *file, const RefineryName *name)
{
	MigDefinition *d = mig_reading_add(reading,
									   mig_version_sort_key(name->number));

	d->version = name->version;
	d->name = name->name;
	d->identity = name->number;
	d->host = name->host;
	d->path = pstrdup(file->path);
	if (d->host)
		return;
	mig_definition_whole_file(d, file, false);
	d->up.no_transaction = has_no_transaction(file);
	if (name->value <= PG_INT32_MAX)
		d->checksums = list_make1(checksum(file, name, sizeof(int32)));
	d->checksums = lappend(d->checksums, checksum(file, name, sizeof(int64)));
}

void
mig_read_refinery(MigReading *reading)
{
	ListCell   *lc;

	foreach(lc, reading->files)
	{
		const MigFile *file = lfirst(lc);
		RefineryName name;

		CHECK_FOR_INTERRUPTS();
		if (read_name(file, &name))
			add_file(reading, file, &name);
		else
			mig_reading_ignore(reading, file);
	}
}
