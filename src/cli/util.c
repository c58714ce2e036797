/*-------------------------------------------------------------------------
 *
 * util.c
 *	  Memory, strings that grow, numbers and times: nothing of migrations.
 *
 * A program that runs one command frees what is large or repeated; the rest
 * goes with the process.
 *
 *-------------------------------------------------------------------------
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "exits.h"
#include "util.h"

/*
 * Memory
 */

static void NO_RETURN
out_of_memory(void)
{
	fputs("pg_migrate: error: out of memory\n", stderr);
	exit(EXIT_REFUSED);
}

void *
mem_alloc(size_t size)
{
	void	   *memory = calloc(1, size > 0 ? size : 1);

	if (memory == NULL)
		out_of_memory();
	return memory;
}

void *
mem_grow(void *memory, size_t size)
{
	memory = realloc(memory, size);
	if (memory == NULL)
		out_of_memory();
	return memory;
}

char *
mem_copy(const char *string)
{
	return mem_copy_part(string, strlen(string));
}

char *
mem_copy_part(const char *string, size_t len)
{
	char	   *copy = mem_alloc(len + 1);

	memcpy(copy, string, len);
	copy[len] = '\0';
	return copy;
}

/*
 * Strings that grow
 */

static void
text_reserve(Text *text, size_t more)
{
	size_t		needed = text->len + more + 1;

	if (needed <= text->size)
		return;
	text->size = needed > 2 * text->size ? needed + 64 : 2 * text->size;
	text->data = mem_grow(text->data, text->size);
}

void
text_add_part(Text *text, const char *string, size_t len)
{
	text_reserve(text, len);
	memcpy(text->data + text->len, string, len);
	text->len += len;
	text->data[text->len] = '\0';
}

void
text_add(Text *text, const char *string)
{
	text_add_part(text, string, strlen(string));
}

void
text_add_char(Text *text, char c)
{
	text_add_part(text, &c, 1);
}

void
text_add_args(Text *text, const char *format, va_list args)
{
	va_list		again;
	int			len;

	va_copy(again, args);
	len = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (len < 0)
		return;
	text_reserve(text, (size_t) len);
	vsnprintf(text->data + text->len, (size_t) len + 1, format, args);
	text->len += (size_t) len;
}

void
text_add_format(Text *text, const char *format, ...)
{
	va_list		args;

	va_start(args, format);
	text_add_args(text, format, args);
	va_end(args);
}

void
text_reset(Text *text)
{
	text_reserve(text, 0);
	text->len = 0;
	text->data[0] = '\0';
}

void
text_free(Text *text)
{
	free(text->data);
	memset(text, 0, sizeof(Text));
}

/* A new string. */
char *
format(const char *format, ...)
{
	Text		text = {0};
	va_list		args;

	va_start(args, format);
	text_add_args(&text, format, args);
	va_end(args);
	return text.data ? text.data : mem_copy("");
}

void
vector_add(Vector *vector, void *item)
{
	if (vector->count == vector->size)
	{
		vector->size = vector->size > 0 ? 2 * vector->size : 16;
		vector->items = mem_grow(vector->items,
								 (size_t) vector->size * sizeof(void *));
	}
	vector->items[vector->count++] = item;
}

/*
 * Looking at strings
 */

bool
starts_with(const char *string, const char *prefix)
{
	return strncmp(string, prefix, strlen(prefix)) == 0;
}

bool
ends_with(const char *string, const char *suffix)
{
	size_t		len = strlen(string);
	size_t		tail = strlen(suffix);

	return len >= tail && strcmp(string + len - tail, suffix) == 0;
}

/* A whole number, nothing around it, within these limits. */
bool
parse_int(const char *string, int low, int high, int *value)
{
	char	   *end;
	long		number;

	errno = 0;
	number = strtol(string, &end, 10);
	if (end == string || *end != '\0' || errno != 0 || number < low ||
		number > high)
		return false;
	*value = (int) number;
	return true;
}

/* As people compare: digit runs by their value, the rest bytewise. */
int
compare_natural(const char *a, const char *b)
{
	while (*a != '\0' && *b != '\0')
	{
		if (isdigit((unsigned char) *a) && isdigit((unsigned char) *b))
		{
			size_t		len_a;
			size_t		len_b;
			int			order;

			a += strspn(a, "0");
			b += strspn(b, "0");
			len_a = strspn(a, "0123456789");
			len_b = strspn(b, "0123456789");
			if (len_a != len_b)
				return len_a < len_b ? -1 : 1;
			if ((order = strncmp(a, b, len_a)) != 0)
				return order;
			a += len_a;
			b += len_b;
		}
		else if (*a != *b)
			return (unsigned char) *a < (unsigned char) *b ? -1 : 1;
		else
			a++, b++;
	}
	return (*a != '\0') - (*b != '\0');
}

/* How many bytes the UTF-8 character at 'p' has; 0 if it is none. */
static size_t
utf8_length(const unsigned char *p, size_t left)
{
	size_t		len = p[0] < 0x80 ? 1 :
		p[0] >= 0xC2 && p[0] <= 0xDF ? 2 :
		p[0] >= 0xE0 && p[0] <= 0xEF ? 3 :
		p[0] >= 0xF0 && p[0] <= 0xF4 ? 4 : 0;

	if (len == 0 || len > left)
		return 0;
	for (size_t i = 1; i < len; i++)
	{
		if ((p[i] & 0xC0) != 0x80)
			return 0;
	}
	/* overlong forms, surrogates, beyond the last character */
	if ((p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] > 0x9F) ||
		(p[0] == 0xF0 && p[1] < 0x90) || (p[0] == 0xF4 && p[1] > 0x8F))
		return 0;
	return len;
}

/* What the server takes as UTF-8: no zero byte either.  Else, where it is bad. */
bool
utf8_is_valid(const char *bytes, size_t len, size_t *bad)
{
	size_t		at = 0;

	while (at < len)
	{
		size_t		one = bytes[at] == '\0' ? 0 :
			utf8_length((const unsigned char *) bytes + at, len - at);

		if (one == 0)
		{
			*bad = at;
			return false;
		}
		at += one;
	}
	return true;
}

/*
 * Times
 */

double
clock_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}

/* As a sentence says it: "12 ms", "2.50 s", "4 min 05 s", "2 h 10 min". */
const char *
duration_words(double seconds)
{
	static char buffer[64];
	long		whole = (long) (seconds + 0.5);

	if (seconds < 0.01)
		snprintf(buffer, sizeof(buffer), "%.1f ms",
				 seconds < 0 ? 0 : seconds * 1000);
	else if (seconds < 0.9995)
		snprintf(buffer, sizeof(buffer), "%.0f ms", seconds * 1000);
	else if (seconds < 9.995)
		snprintf(buffer, sizeof(buffer), "%.2f s", seconds);
	else if (seconds < 59.95)
		snprintf(buffer, sizeof(buffer), "%.1f s", seconds);
	else if (whole < 3600)
		snprintf(buffer, sizeof(buffer), "%ld min %02ld s", whole / 60,
				 whole % 60);
	else
		snprintf(buffer, sizeof(buffer), "%ld h %02ld min", whole / 3600,
				 whole % 3600 / 60);
	return buffer;
}

/* As a clock that runs shows it: "0:07", "12:30", "1:02:03". */
const char *
duration_clock(double seconds)
{
	static char buffer[64];
	long		whole = seconds < 0 ? 0 : (long) seconds;

	if (whole < 3600)
		snprintf(buffer, sizeof(buffer), "%ld:%02ld", whole / 60, whole % 60);
	else
		snprintf(buffer, sizeof(buffer), "%ld:%02ld:%02ld", whole / 3600,
				 whole % 3600 / 60, whole % 60);
	return buffer;
}
