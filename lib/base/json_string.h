/* The inside of a JSON string, RFC 8259 §7: the bytes between the quotes, as
 * json_reader and json_writer look at them.
 *
 * Most strings are over where the first of these functions stops, so they are
 * here. They look at eight bytes at once: for bytes below 0x80, `byte - n` sets
 * the top bit just where byte < n, and `byte ^ c` is below 1 just where byte is
 * c. A borrow may mark bytes behind the first one marked, never before it.
 */
#ifndef BASE_JSON_STRING_H
#define BASE_JSON_STRING_H

#include "base/buf.h"

#include <endian.h>
#include <stdint.h>

#define JSON_STRING_EVERY(byte) ((uint64_t)(byte)*0x0101010101010101u)

/* The first of eight bytes in the lowest place. */
static inline uint64_t
json_string_eight(const char *at)
{
	uint64_t eight;

	memcpy(&eight, at, sizeof(eight));
	return le64toh(eight);
}

/* The top bit of each byte that is `c`, and perhaps of some behind it. */
static inline uint64_t
json_string_mark(uint64_t eight, char c)
{
	return (eight ^ JSON_STRING_EVERY(c)) - JSON_STRING_EVERY(1);
}

/* The top bit of quotes, backslashes and control characters below 0x20. */
static inline uint64_t
json_string_mark_special(uint64_t eight)
{
	return json_string_mark(eight, '"') | json_string_mark(eight, '\\') |
	       (eight - JSON_STRING_EVERY(0x20));
}

/* The first byte from `at` on that is not simply a character of its string: a
 * quote, a backslash, a control character, part of a character beyond ASCII;
 * or `end`. */
static inline const char *
json_string_skip_plain(const char *at, const char *end)
{
	for (; end - at >= 8; at += 8) {
		uint64_t eight = json_string_eight(at);
		uint64_t found = (json_string_mark_special(eight) | eight) &
				 JSON_STRING_EVERY(0x80);

		if (found != 0)
			return at + __builtin_ctzll(found) / 8;
	}
	for (; at < end; at++) {
		unsigned char byte = (unsigned char)*at;

		if (byte < 0x20 || byte >= 0x80 || byte == '"' || byte == '\\')
			break;
	}
	return at;
}

/* The first byte from `at` on that the log escapes, or `end`. */
static inline const char *
json_string_skip_clean(const char *at, const char *end)
{
	for (; end - at >= 8; at += 8) {
		uint64_t eight = json_string_eight(at);
		uint64_t found = (json_string_mark_special(eight) |
				     json_string_mark(eight, 0x7f)) &
				 ~eight & JSON_STRING_EVERY(0x80);

		if (found != 0)
			return at + __builtin_ctzll(found) / 8;
	}
	for (; at < end; at++) {
		unsigned char byte = (unsigned char)*at;

		if (byte < 0x20 || byte == 0x7f || byte == '"' || byte == '\\')
			break;
	}
	return at;
}

/* As json_string_skip_plain(), over whole characters beyond ASCII too: stops at
 * a quote, a backslash, a control character, a byte that is not UTF-8, or
 * `end`. */
const char *json_string_skip(const char *at, const char *end);

/* Append what the escape at `at`, its backslash first, stands for; a surrogate
 * without its other half becomes U+FFFD. Returns what stands behind it; NULL,
 * and nothing appended, if there is no such escape. */
const char *
json_string_unescape(struct buf *out, const char *at, const char *end);

#endif
