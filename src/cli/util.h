/*-------------------------------------------------------------------------
 *
 * util.h
 *	  Memory, strings that grow, numbers and times: nothing of migrations.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CLI_UTIL_H
#define CLI_UTIL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define lengthof(array) (sizeof(array) / sizeof((array)[0]))

#if defined(__GNUC__)
#define PRINTF_LIKE(n, first) \
	__attribute__((__format__(__printf__, n, first)))
#define NO_RETURN __attribute__((noreturn))
#else
#define PRINTF_LIKE(n, first)
#define NO_RETURN
#endif

/* A string that grows; always ends in a zero byte once something is in it. */
typedef struct Text
{
	char	   *data;
	size_t		len;
	size_t		size;
} Text;

/* Pointers, in order. */
typedef struct Vector
{
	void	  **items;
	int			count;
	int			size;
} Vector;

extern void *mem_alloc(size_t size);
extern void *mem_grow(void *memory, size_t size);
extern char *mem_copy(const char *string);
extern char *mem_copy_part(const char *string, size_t len);

extern void text_add(Text *text, const char *string);
extern void text_add_part(Text *text, const char *string, size_t len);
extern void text_add_char(Text *text, char c);
extern void text_add_format(Text *text, const char *format, ...) PRINTF_LIKE(2, 3);
extern void text_add_args(Text *text, const char *format, va_list args) PRINTF_LIKE(2, 0);
extern void text_reset(Text *text);
extern void text_free(Text *text);
extern char *format(const char *format, ...) PRINTF_LIKE(1, 2);

extern void vector_add(Vector *vector, void *item);

extern bool starts_with(const char *string, const char *prefix);
extern bool ends_with(const char *string, const char *suffix);
extern bool parse_int(const char *string, int low, int high, int *value);
extern int	compare_natural(const char *a, const char *b);
extern bool utf8_is_valid(const char *bytes, size_t len, size_t *bad);

/* Seconds of a clock that never goes back. */
extern double clock_now(void);
extern const char *duration_words(double seconds);
extern const char *duration_clock(double seconds);

#endif							/* CLI_UTIL_H */
