/* Bytes that somebody else owns: a pointer and a length, no NUL at the end.
 * {NULL, 0} is "not there"; {"", 0} is "there, and empty". */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct slice {
	const char *data;
	size_t len;
};

/* For printf's "%.*s". */
#define SLICE_ARG(s) (int)(s).len, (s).data

#define SLICE_LITERAL(text) ((struct slice){ (text), sizeof(text) - 1 })

static inline struct slice
slice_of(const char *text)
{
	return (struct slice){ text, text == NULL ? 0 : strlen(text) };
}

static inline bool
slice_equal(struct slice a, struct slice b)
{
	return a.len == b.len &&
	       (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static inline bool
slice_is(struct slice a, const char *text)
{
	return slice_equal(a, slice_of(text));
}

static inline bool
slice_starts_with(struct slice a, struct slice prefix)
{
	return a.len >= prefix.len &&
	       (prefix.len == 0 ||
		   memcmp(a.data, prefix.data, prefix.len) == 0);
}

static inline bool
slice_ends_with(struct slice a, struct slice suffix)
{
	return a.len >= suffix.len &&
	       (suffix.len == 0 || memcmp(a.data + a.len - suffix.len,
				       suffix.data, suffix.len) == 0);
}

/* Take the first line away from `bytes`: `ret_line`, without its '\n'. False:
 * no whole one is left. */
static inline bool
slice_take_line(struct slice *bytes, struct slice *ret_line)
{
	const char *newline =
	    bytes->len == 0 ? NULL : memchr(bytes->data, '\n', bytes->len);

	if (newline == NULL)
		return false;
	*ret_line =
	    (struct slice){ bytes->data, (size_t)(newline - bytes->data) };
	bytes->data = newline + 1;
	bytes->len -= ret_line->len + 1;
	return true;
}

#endif
