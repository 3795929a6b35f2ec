/* JSON into a buf: keys in the order of calls, no white space.
 *
 * The writer knows whether a comma is due and asserts that what is opened is
 * closed; the caller owns the buf. In an object each value is preceded by
 * json_writer_key(). Strings are written in the log's one form (json_writer_
 * escape()).
 */
#ifndef BASE_JSON_WRITER_H
#define BASE_JSON_WRITER_H

#include "base/buf.h"
#include "base/clock.h"

#include <stdint.h>

enum { JSON_WRITER_DEPTH = 64 };

struct json_writer {
	struct buf *out;
	int depth;
	bool comma;		      /* a value stands before this place */
	char open[JSON_WRITER_DEPTH]; /* '{' or '[' by depth */
};

void json_writer_init(struct json_writer *json, struct buf *out);

void json_writer_object(struct json_writer *json);
void json_writer_end_object(struct json_writer *json);
void json_writer_array(struct json_writer *json);
void json_writer_end_array(struct json_writer *json);

void json_writer_key(struct json_writer *json, const char *key);
void json_writer_key_slice(struct json_writer *json, struct slice key);

/* Text that is not there ({NULL, 0}, NULL) is written as null. */
void json_writer_string(struct json_writer *json, struct slice text);
void json_writer_text(struct json_writer *json, const char *text);
void json_writer_u64(struct json_writer *json, uint64_t value);
void json_writer_i64(struct json_writer *json, int64_t value);
/* `digits` behind the point, trailing zeros kept: 12.50 with two. A number
 * that is not finite is written as null. */
void json_writer_fixed(struct json_writer *json, double value, int digits);
void json_writer_bool(struct json_writer *json, bool value);
void json_writer_null(struct json_writer *json);
void json_writer_time(struct json_writer *json, usec_t time); /* RFC 3339 */
void json_writer_hex(struct json_writer *json, const void *bytes, size_t len);
/* Bytes that are JSON already. */
void json_writer_raw(struct json_writer *json, struct slice value);

/* Key and value in one, for the usual case. */
void
json_writer_pair(struct json_writer *json, const char *key, const char *text);
void json_writer_pair_slice(
    struct json_writer *json, const char *key, struct slice text);
void
json_writer_pair_u64(struct json_writer *json, const char *key, uint64_t value);
void
json_writer_pair_time(struct json_writer *json, const char *key, usec_t time);
/* The same; null for 0, where it has not happened. */
void json_writer_pair_time_or_null(
    struct json_writer *json, const char *key, usec_t time);
void
json_writer_pair_bool(struct json_writer *json, const char *key, bool value);

/* Append `text`, valid UTF-8, as it stands between the quotes of the log: only
 * '"', '\', U+0000–1F and 7F are escaped, by \" \\ \b \f \n \r \t or \u00XX
 * with lower-case hex digits. */
void json_writer_escape(struct buf *out, struct slice text);

#endif
