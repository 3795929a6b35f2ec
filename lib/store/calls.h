/* Entries by their call_id: a hash of 32 bits leads to a few of them, and
 * their lines decide. */
#ifndef STORE_CALLS_H
#define STORE_CALLS_H

#include "store/store.h"

enum {
	CALLS_BLOCK = 65536, /* entries of a sealed block */
	CALLS_BUCKETS = 512, /* of each, by the hash's upper bits */
};

/* What the index keeps of a call_id. */
uint32_t calls_hash(struct slice call_id);

static inline unsigned
calls_bucket(uint32_t hash)
{
	return hash >> 23;
}

/* The key of a bucket of the block that begins at `first`. */
static inline uint64_t
calls_id(uint64_t first, unsigned bucket)
{
	return first / CALLS_BLOCK * CALLS_BUCKETS + bucket;
}

/* A call of a block: its place there. */
struct calls_call {
	uint32_t hash;
	uint16_t position;
};

/* Append the blob of one bucket; `first` is the block's first seq. */
void calls_encode(uint64_t first, unsigned bucket,
    const struct calls_call *calls, size_t count, struct buf *out);

/* Is `blob` the one of this bucket, undamaged? Then its calls, in the order of
 * their places; false behind the last. */
bool calls_are_good(uint64_t first, unsigned bucket, struct slice blob);
bool calls_read(struct slice blob, size_t index, struct calls_call *ret_call);

/* Entries from `first` to `last` whose call_id may have this hash, the newest
 * first. Returning false ends it. ERROR_CORRUPT, and the store's. */
typedef bool (*calls_on_seq)(void *context, uint64_t seq);
int calls_find(struct store *store, uint32_t hash, uint64_t first,
    uint64_t last, calls_on_seq on_seq, void *context, struct error *err);

/* The hashes of all entries recorded at `since` or later, some earlier ones
 * among them; `at` is not before they were recorded. */
typedef void (*calls_on_hash)(void *context, uint32_t hash, usec_t at);
int calls_each(struct store *store, usec_t since, usec_t now,
    calls_on_hash on_hash, void *context, struct error *err);

#endif
