/* FORMAT of a bucket's blob: 4 bytes CRC-32C, then 6 bytes a call: its hash
 * and its place in the block, all of it little-endian, in the order of places.
 * The checksum is of the block's first seq (8 bytes), the bucket (4 bytes) and
 * the calls, so that a blob under another's key is no good. */
#include "store/calls.h"

#include "base/cleanup.h"
#include "base/crc32c.h"
#include "base/memory.h"
#include "sql/calls.h"

#include <endian.h>

enum { CHECKSUM_BYTES = 4, CALL_BYTES = 6 };

uint32_t
calls_hash(struct slice call_id)
{
	return crc32c(0, call_id);
}

static uint32_t
checksum(uint64_t first, unsigned bucket, struct slice calls)
{
	uint64_t first_bytes = htole64(first);
	uint32_t bucket_bytes = htole32(bucket);
	uint32_t sum = crc32c(0,
	    (struct slice){ (const char *)&first_bytes, sizeof(first_bytes) });

	sum = crc32c(sum, (struct slice){ (const char *)&bucket_bytes,
			      sizeof(bucket_bytes) });
	return crc32c(sum, calls);
}

void
calls_encode(uint64_t first, unsigned bucket, const struct calls_call *calls,
    size_t count, struct buf *out)
{
	size_t begin = out->len;
	uint32_t sum;

	buf_add_chars(out, '\0', CHECKSUM_BYTES);
	for (size_t i = 0; i < count; i++) {
		uint32_t hash = htole32(calls[i].hash);
		uint16_t position = htole16(calls[i].position);

		buf_add(out, &hash, sizeof(hash));
		buf_add(out, &position, sizeof(position));
	}
	sum = htole32(checksum(first, bucket,
	    (struct slice){ out->data + begin + CHECKSUM_BYTES,
		out->len - begin - CHECKSUM_BYTES }));
	memcpy(out->data + begin, &sum, sizeof(sum));
}

/* The calls of `blob` behind its checksum; false: it is damaged. */
static bool
open_blob(
    uint64_t first, unsigned bucket, struct slice blob, struct slice *ret_calls)
{
	uint32_t sum;

	if (blob.len < CHECKSUM_BYTES ||
	    (blob.len - CHECKSUM_BYTES) % CALL_BYTES != 0)
		return false;
	memcpy(&sum, blob.data, sizeof(sum));
	*ret_calls = (struct slice){ blob.data + CHECKSUM_BYTES,
		blob.len - CHECKSUM_BYTES };
	return le32toh(sum) == checksum(first, bucket, *ret_calls);
}

static struct calls_call
call_at(struct slice calls, size_t index)
{
	struct calls_call call;

	memcpy(&call.hash, calls.data + index * CALL_BYTES, sizeof(call.hash));
	memcpy(&call.position,
	    calls.data + index * CALL_BYTES + sizeof(call.hash),
	    sizeof(call.position));
	call.hash = le32toh(call.hash);
	call.position = le16toh(call.position);
	return call;
}

bool
calls_are_good(uint64_t first, unsigned bucket, struct slice blob)
{
	struct slice calls;

	return open_blob(first, bucket, blob, &calls);
}

bool
calls_read(struct slice blob, size_t index, struct calls_call *ret_call)
{
	struct slice calls = { blob.data + CHECKSUM_BYTES,
		blob.len - CHECKSUM_BYTES };

	if (index >= calls.len / CALL_BYTES)
		return false;
	*ret_call = call_at(calls, index);
	return true;
}

static int
damaged(uint64_t first, struct error *err)
{
	return error_set(err, ERROR_CORRUPT,
	    "kruxos.db: the calls of block %llu are damaged",
	    (unsigned long long)first);
}

/* --- by hash ------------------------------------------------------------ */

struct question {
	uint32_t hash;
	uint64_t first, last;
	calls_on_seq on_seq;
	void *context;
};

/* 1: go on, 0: enough, -1. */
static int
find_recent(
    struct store *store, const struct question *question, struct error *err)
{
	struct statement rows = store_start(store, STORE_CALLS, CALLS_RECENT);
	bool goes_on = true;

	statement_bind_u64(&rows, 1, question->hash);
	statement_bind_u64(&rows, 2, question->first);
	statement_bind_u64(&rows, 3, question->last);
	while (goes_on && statement_next(&rows))
		goes_on = question->on_seq(
		    question->context, statement_u64(&rows, 0));
	if (statement_end(&rows, err) == -1)
		return -1;
	return goes_on;
}

static bool
find_in(struct slice calls, uint64_t first, const struct question *question)
{
	for (size_t i = calls.len / CALL_BYTES; i > 0; i--) {
		struct calls_call call = call_at(calls, i - 1);
		uint64_t seq = first + call.position;

		if (call.hash == question->hash && seq >= question->first &&
		    seq <= question->last &&
		    !question->on_seq(question->context, seq))
			return false;
	}
	return true;
}

static int
find_sealed(struct store *store, uint64_t first,
    const struct question *question, struct error *err)
{
	struct statement rows = store_start(store, STORE_CALLS, CALLS_BUCKET);
	unsigned bucket = calls_bucket(question->hash);
	bool goes_on = true, is_good = true;
	struct slice calls;

	statement_bind_u64(&rows, 1, calls_id(first, bucket));
	if (statement_next(&rows)) {
		is_good =
		    open_blob(first, bucket, statement_blob(&rows, 0), &calls);
		goes_on = is_good && find_in(calls, first, question);
	}
	if (statement_end(&rows, err) == -1)
		return -1;
	if (!is_good)
		return damaged(first, err);
	return goes_on;
}

int
calls_find(struct store *store, uint32_t hash, uint64_t first, uint64_t last,
    calls_on_seq on_seq, void *context, struct error *err)
{
	struct question question = { hash, first, last, on_seq, context };
	uint64_t recent = store_recent_seq(store);
	uint64_t block;
	int result;

	if (question.last > INT64_MAX)
		question.last = INT64_MAX;
	if (question.first > question.last)
		return 0;
	result = find_recent(store, &question, err);
	block = question.last < recent ? question.last : recent - 1;
	block -= block % CALLS_BLOCK;
	if (recent == 0)
		return result == -1 ? -1 : 0;
	while (result == 1 && block + CALLS_BLOCK > question.first) {
		result = find_sealed(store, block, &question, err);
		if (block == 0)
			break;
		block -= CALLS_BLOCK;
	}
	return result == -1 ? -1 : 0;
}

/* --- all of them -------------------------------------------------------- */

static int
each_of_block(struct store *store, uint64_t first, usec_t at,
    calls_on_hash on_hash, void *context, struct error *err)
{
	struct statement rows = store_start(store, STORE_CALLS, CALLS_OF_BLOCK);

	statement_bind_u64(&rows, 1, calls_id(first, 0));
	statement_bind_u64(&rows, 2, calls_id(first, CALLS_BUCKETS - 1));
	while (statement_next(&rows)) {
		struct slice blob = statement_blob(&rows, 0);

		/* Hashes too many or too few cost a look, or a duplicate:
		 * what is damaged is found elsewhere. */
		if (blob.len < CHECKSUM_BYTES)
			continue;
		blob.data += CHECKSUM_BYTES;
		blob.len -= CHECKSUM_BYTES;
		for (size_t i = 0; i < blob.len / CALL_BYTES; i++)
			on_hash(context, call_at(blob, i).hash, at);
	}
	return statement_end(&rows, err);
}

struct block {
	uint64_t first;
	usec_t recorded_at;
};

/* The blocks recorded at `since` or later; free() them. */
static int
read_blocks(struct store *store, usec_t since, struct block **ret_blocks,
    size_t *ret_count, struct error *err)
{
	struct statement rows = store_start(store, STORE_CALLS, CALLS_BLOCKS);
	struct block *blocks = NULL;
	size_t count = 0, capacity = 0;

	statement_bind_u64(&rows, 1, since);
	while (statement_next(&rows)) {
		blocks =
		    memory_grow(blocks, &capacity, count + 1, sizeof(*blocks));
		blocks[count++] = (struct block){ statement_u64(&rows, 0),
			statement_u64(&rows, 1) };
	}
	if (statement_end(&rows, err) == -1) {
		free(blocks);
		return -1;
	}
	*ret_blocks = blocks;
	*ret_count = count;
	return 0;
}

static int
each_sealed(struct store *store, usec_t since, calls_on_hash on_hash,
    void *context, struct error *err)
{
	cleanup(cleanup_free) struct block *blocks = NULL;
	size_t count;

	if (read_blocks(store, since, &blocks, &count, err) == -1)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (each_of_block(store, blocks[i].first, blocks[i].recorded_at,
			on_hash, context, err) == -1)
			return -1;
	return 0;
}

int
calls_each(struct store *store, usec_t since, usec_t now, calls_on_hash on_hash,
    void *context, struct error *err)
{
	struct statement rows;
	int result;

	if (store_begin(store, err) == -1)
		return -1;
	result = each_sealed(store, since, on_hash, context, err);
	if (result == 0) {
		rows = store_start(store, STORE_CALLS, CALLS_ALL_RECENT);
		while (statement_next(&rows))
			on_hash(
			    context, (uint32_t)statement_u64(&rows, 0), now);
		result = statement_end(&rows, err);
	}
	store_end(store);
	return result;
}
