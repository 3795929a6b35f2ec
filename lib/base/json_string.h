/* The inside of a JSON string, RFC 8259 §7: what json_reader does with the
 * bytes between the quotes. */
#ifndef BASE_JSON_STRING_H
#define BASE_JSON_STRING_H

#include "base/buf.h"

#include <endian.h>
#include <stdint.h>

#define JSON_STRING_EVERY_BYTE(value) ((uint64_t)(value)*0x0101010101010101u)

/* The first byte from `at` on that is not simply a character of its string: a
 * quote, a backslash, a control character, part of a character beyond ASCII;
 * or `end`. Here, because most strings are over where it stops.
 *
 * By eights: for bytes below 0x80, `byte - n` sets the top bit just where byte
 * < n, and `byte ^ c` is below 1 just where byte is c. A borrow may mark bytes
 * behind the first one marked, never before it. */
static inline const char *
json_string_skip_plain(const char *at, const char *end)
{
	for (; end - at >= 8; at += 8) {
		uint64_t eight, found;

		memcpy(&eight, at, 8);
		eight = le64toh(eight);
		found = (eight ^ JSON_STRING_EVERY_BYTE('"')) -
			JSON_STRING_EVERY_BYTE(1);
		found |= (eight ^ JSON_STRING_EVERY_BYTE('\\')) -
			 JSON_STRING_EVERY_BYTE(1);
		found |= eight - JSON_STRING_EVERY_BYTE(0x20);
		found |= eight;
		found &= JSON_STRING_EVERY_BYTE(0x80);
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

/* The same over whole characters beyond ASCII too: stops at a quote, a
 * backslash, a control character, a byte that is not UTF-8, or `end`. */
const char *json_string_skip(const char *at, const char *end);

/* Append what the escape at `at`, its backslash first, stands for; a surrogate
 * without its other half becomes U+FFFD. Returns what stands behind it; NULL,
 * and nothing appended, if there is no such escape. */
const char *
json_string_unescape(struct buf *out, const char *at, const char *end);

#endif
