#include "log/scan.h"

#include "base/cleanup.h"
#include "base/disk.h"
#include "base/json_writer.h"

#include <assert.h>

enum { BLOCK_BYTES = 1 << 20 };

void
scan_encode(struct slice q, struct buf *out)
{
	json_writer_escape(out, q);
}

/* The payload of `line` behind its salt; empty where it was erased. */
static struct slice
behind_salt(struct slice line)
{
	static const struct slice hash = SLICE_LITERAL(",\"entry_hash\":\"");
	static const struct slice salt = SLICE_LITERAL("\",\"salt\":\"");
	const char *found = memmem(line.data, line.len, hash.data, hash.len);
	struct slice rest;
	size_t skip;

	if (found == NULL)
		return (struct slice){ line.data, 0 };
	skip = (size_t)(found - line.data) + hash.len + SHA256_HEX;
	if (skip > line.len)
		return (struct slice){ line.data, 0 };
	rest = (struct slice){ line.data + skip, line.len - skip };
	skip = salt.len + 2 * ENTRY_SALT_BYTES + 1;
	if (!slice_starts_with(rest, salt) || skip > rest.len)
		return (struct slice){ line.data, 0 };
	return (struct slice){ rest.data + skip, rest.len - skip };
}

/* The next string of `json`, between its quotes, and `json` behind it. */
static bool
next_string(struct slice *json, struct slice *ret_string)
{
	const char *end = json->data + json->len;
	const char *from = memchr(json->data, '"', json->len);
	const char *at;

	if (from == NULL)
		return false;
	at = ++from;
	while (at < end && *at != '"')
		at += *at == '\\' ? 2 : 1;
	if (at >= end)
		return false;
	*ret_string = (struct slice){ from, (size_t)(at - from) };
	json->len = (size_t)(end - at) - 1;
	json->data = at + 1;
	return true;
}

static bool
holds(struct slice text, struct slice needle)
{
	return memmem(text.data, text.len, needle.data, needle.len) != NULL;
}

bool
scan_line(struct slice line, struct slice needle)
{
	struct slice payload = behind_salt(line);
	struct slice string;

	/* Most lines do not hold it at all. */
	if (!holds(payload, needle) || !next_string(&payload, &string))
		return false;
	/* "summary" and "request" are the log's words, not anybody's. */
	if (slice_is(string, "summary")) {
		if (!next_string(&payload, &string))
			return false;
		if (holds(string, needle))
			return true;
		if (!next_string(&payload, &string))
			return false;
	}
	while (next_string(&payload, &string))
		if (holds(string, needle))
			return true;
	return false;
}

/* The matches among the whole lines of `bytes`; false: the caller has enough.
 */
static bool
scan_lines(struct slice bytes, uint64_t offset, struct slice needle,
    scan_on_match on_match, void *context)
{
	const char *at = bytes.data, *end = bytes.data + bytes.len;

	for (;;) {
		const char *found =
		    memmem(at, (size_t)(end - at), needle.data, needle.len);
		const char *begin, *newline;
		struct slice line;

		if (found == NULL)
			return true;
		begin = memrchr(at, '\n', (size_t)(found - at));
		begin = begin == NULL ? at : begin + 1;
		newline = memchr(found, '\n', (size_t)(end - found));
		assert(newline != NULL); /* whole lines */
		line = (struct slice){ begin, (size_t)(newline - begin) };
		if (scan_line(line, needle) &&
		    !on_match(
			context, line, offset + (uint64_t)(begin - bytes.data)))
			return false;
		at = newline + 1;
	}
}

int
scan_range(int fd, uint64_t offset, uint64_t length, struct slice needle,
    scan_on_match on_match, void *context, struct error *err)
{
	cleanup(buf_free) struct buf block = BUF_INIT;
	uint64_t end = offset + length;
	uint64_t at = offset; /* of the first byte in block */

	assert(needle.len > 0);
	while (at + block.len < end) {
		uint64_t want = end - at - block.len;
		const char *newline;
		size_t whole;
		ssize_t got;

		if (want > BLOCK_BYTES)
			want = BLOCK_BYTES;
		buf_reserve(&block, (size_t)want);
		got = disk_read_all(&disk_system, fd, block.data + block.len,
		    (size_t)want, (off_t)(at + block.len));
		if (got == -1)
			return error_set_errno(err, "reading the log");
		if (got == 0)
			return 0; /* it is shorter than was said */
		buf_set_len(&block, block.len + (size_t)got);
		newline = memrchr(block.data, '\n', block.len);
		if (newline == NULL) {
			if (block.len > 2 * BLOCK_BYTES)
				return error_set(err, ERROR_CORRUPT,
				    "offset %llu: no line of the log",
				    (unsigned long long)at);
			continue;
		}
		whole = (size_t)(newline + 1 - block.data);
		if (!scan_lines((struct slice){ block.data, whole }, at, needle,
			on_match, context))
			return 0;
		buf_consume(&block, whole);
		at += whole;
	}
	return 0;
}
