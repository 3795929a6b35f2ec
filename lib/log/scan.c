#include "log/scan.h"

#include "base/cleanup.h"
#include "base/disk.h"
#include "base/json_writer.h"

#include <assert.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { BLOCK_BYTES = 256 << 10 }; /* stays in the processor's cache */

void
scan_encode(struct slice q, struct buf *out)
{
	json_writer_escape(out, q);
}

/* --- a needle in bytes -------------------------------------------------- */

#ifdef __SSE2__

/* Of 16 places from `at` on, those where the needle's first and last byte
 * stand. */
static inline __m128i
candidates(const char *at, size_t last, __m128i first_byte, __m128i last_byte)
{
	__m128i front = _mm_loadu_si128((const __m128i *)(const void *)at);
	__m128i back =
	    _mm_loadu_si128((const __m128i *)(const void *)(at + last));

	return _mm_and_si128(
	    _mm_cmpeq_epi8(front, first_byte), _mm_cmpeq_epi8(back, last_byte));
}

static const char *
first_match(const char *at, __m128i places, struct slice needle)
{
	unsigned bits = (unsigned)_mm_movemask_epi8(places);

	for (; bits != 0; bits &= bits - 1) {
		const char *place = at + __builtin_ctz(bits);

		if (memcmp(place, needle.data, needle.len) == 0)
			return place;
	}
	return NULL;
}

/* As memmem(): 64 places a step by their first and last byte, four times as
 * fast on lines of the log. */
static const char *
find(struct slice text, struct slice needle)
{
	const char *at = text.data, *end = text.data + text.len;
	size_t last = needle.len - 1;
	__m128i first_byte = _mm_set1_epi8(needle.data[0]);
	__m128i last_byte = _mm_set1_epi8(needle.data[last]);

	for (; (size_t)(end - at) >= last + 64; at += 64) {
		__m128i places[4], any;

		for (int i = 0; i < 4; i++)
			places[i] = candidates(
			    at + 16 * i, last, first_byte, last_byte);
		any = _mm_or_si128(_mm_or_si128(places[0], places[1]),
		    _mm_or_si128(places[2], places[3]));
		if (_mm_movemask_epi8(any) == 0)
			continue;
		for (int i = 0; i < 4; i++) {
			const char *found =
			    first_match(at + 16 * i, places[i], needle);

			if (found != NULL)
				return found;
		}
	}
	return memmem(at, (size_t)(end - at), needle.data, needle.len);
}

#else

static const char *
find(struct slice text, struct slice needle)
{
	return memmem(text.data, text.len, needle.data, needle.len);
}

#endif

/* --- lines -------------------------------------------------------------- */

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
	return find(text, needle) != NULL;
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
		    find((struct slice){ at, (size_t)(end - at) }, needle);
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
