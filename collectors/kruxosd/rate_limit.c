#include "collectors/kruxosd/rate_limit.h"

#include "base/memory.h"
#include "base/sha256.h"

#include <stdlib.h>

/* What was taken out is counted as the time in which it comes back. */
struct bucket {
	unsigned char key[SHA256_BYTES]; /* of agent and pattern */
	usec_t full_at;			 /* 0: there is no such bucket */
};

struct rate_limit {
	struct sha256 *sha256;
	struct buf text; /* that a key is made of */
	struct bucket rows[RATE_LIMIT_ROWS][RATE_LIMIT_WAYS];
};

struct rate_limit *
rate_limit_new(void)
{
	struct rate_limit *limits = memory_new(sizeof(*limits));

	limits->sha256 = sha256_new();
	buf_init(&limits->text);
	return limits;
}

void
rate_limit_free(struct rate_limit *limits)
{
	if (limits == NULL)
		return;
	buf_free(&limits->text);
	sha256_free(limits->sha256);
	free(limits);
}

/* Neither of the two has a space in it. */
static void
make_key(struct rate_limit *limits, struct slice agent, const char *pattern,
    unsigned char ret_key[static SHA256_BYTES])
{
	buf_reset(&limits->text);
	buf_addf(&limits->text, "%.*s %s", SLICE_ARG(agent), pattern);
	sha256_digest(limits->sha256, buf_slice(&limits->text), ret_key);
}

/* The bucket of that key, or one of its row that is made its own. */
static struct bucket *
find(struct rate_limit *limits, const unsigned char key[static SHA256_BYTES])
{
	unsigned place = (unsigned)key[0] << 8 | key[1];
	struct bucket *row = limits->rows[place % RATE_LIMIT_ROWS];
	struct bucket *fullest = row;

	for (size_t i = 0; i < RATE_LIMIT_WAYS; i++) {
		if (row[i].full_at != 0 &&
		    memcmp(row[i].key, key, SHA256_BYTES) == 0)
			return &row[i];
		if (row[i].full_at < fullest->full_at)
			fullest = &row[i];
	}
	memcpy(fullest->key, key, SHA256_BYTES);
	fullest->full_at = 0;
	return fullest;
}

usec_t
rate_limit_take(struct rate_limit *limits, const struct policy_limit *limit,
    struct slice agent, usec_t now)
{
	unsigned char key[SHA256_BYTES];
	struct bucket *bucket;
	usec_t each, full_at, last;

	if (limit == NULL || limit->rate.count == 0)
		return 0;
	make_key(limits, agent, limit->pattern, key);
	bucket = find(limits, key);
	/* Where the line has become smaller, what was taken by the old one
	 * holds nobody up for longer than the new one's whole time. */
	each = limit->rate.span / limit->rate.count;
	last = now + limit->rate.span;
	if (bucket->full_at > last)
		bucket->full_at = last;
	full_at = bucket->full_at > now ? bucket->full_at : now;
	if (full_at + each > last)
		return full_at + each - last;
	bucket->full_at = full_at + each;
	return 0;
}
