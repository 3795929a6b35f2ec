#include "collectors/kruxosd/call_filter.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* Each hash has its bits in one line of the cache: one miss a generation.
 * 16 bits a call and 7 of them set: 0.3 % false. */
enum {
	LINE_WORDS = 8, /* 64 bytes */
	LINE_BITS = 9,	/* the number of a bit in it */
	LINE_CALLS = 32,
	PROBES = 7,
	/* Lines of a generation, as powers of two. */
	SMALLEST = 10,
	LARGEST = 14,
	STEP = 2, /* from one to a larger or smaller one */
};

#define GENERATION_SPAN (6 * USEC_PER_HOUR)

struct generation {
	usec_t first_at, last_at;
	size_t calls;
	int log2; /* of its lines */
	uint64_t lines[][LINE_WORDS];
};

struct call_filter {
	/* The oldest first. */
	struct generation *generations[CALL_FILTER_GENERATIONS];
	size_t count;
};

struct call_filter *
call_filter_new(void)
{
	return memory_new(sizeof(struct call_filter));
}

static void
drop_oldest(struct call_filter *filter, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(filter->generations[i]);
	filter->count -= count;
	memmove(filter->generations, filter->generations + count,
	    filter->count * sizeof(*filter->generations));
}

void
call_filter_free(struct call_filter *filter)
{
	if (filter == NULL)
		return;
	drop_oldest(filter, filter->count);
	free(filter);
}

/* splitmix64's finaliser: neighbouring hashes share no bits. */
static uint64_t
spread(uint64_t value)
{
	value += 0x9e3779b97f4a7c15;
	value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
	value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
	return value ^ (value >> 31);
}

/* What the line of a hash is chosen by, and the bits in it. */
static uint64_t
place(uint32_t hash, uint64_t ret_mask[static LINE_WORDS])
{
	uint64_t first = spread(hash);
	uint64_t second = spread(first);

	memset(ret_mask, 0, LINE_WORDS * sizeof(*ret_mask));
	for (int i = 0; i < PROBES; i++) {
		ret_mask[second >> 6 & (LINE_WORDS - 1)] |= UINT64_C(1)
							    << (second & 63);
		second >>= LINE_BITS;
	}
	return first;
}

static size_t
line_of(const struct generation *generation, uint64_t chosen_by)
{
	return chosen_by >> (64 - generation->log2);
}

static bool
generation_has(const struct generation *generation, uint64_t chosen_by,
    const uint64_t mask[static LINE_WORDS])
{
	const uint64_t *line =
	    generation->lines[line_of(generation, chosen_by)];

	for (int i = 0; i < LINE_WORDS; i++)
		if ((line[i] & mask[i]) != mask[i])
			return false;
	return true;
}

static size_t
capacity(const struct generation *generation)
{
	return (size_t)LINE_CALLS << generation->log2;
}

/* How large the one behind `last` is to be, which ends at `at`. */
static int
next_log2(const struct generation *last, usec_t at)
{
	if (last == NULL)
		return SMALLEST;
	if (last->calls == capacity(last) &&
	    at < last->first_at + GENERATION_SPAN / 2 && last->log2 < LARGEST)
		return last->log2 + STEP;
	if (last->calls < capacity(last) >> STEP && last->log2 > SMALLEST)
		return last->log2 - STEP;
	return last->log2;
}

static struct generation *
generation_new(int log2, usec_t at)
{
	struct generation *generation = memory_new(
	    sizeof(*generation) + (sizeof(generation->lines[0]) << log2));

	generation->log2 = log2;
	generation->first_at = at;
	return generation;
}

/* The generation that takes a call of `at`. */
static struct generation *
newest(struct call_filter *filter, usec_t at)
{
	struct generation *last =
	    filter->count == 0 ? NULL : filter->generations[filter->count - 1];

	if (last != NULL && last->calls < capacity(last) &&
	    at < last->first_at + GENERATION_SPAN)
		return last;
	last = generation_new(next_log2(last, at), at);
	if (filter->count == CALL_FILTER_GENERATIONS)
		drop_oldest(filter, 1);
	filter->generations[filter->count++] = last;
	return last;
}

void
call_filter_add(struct call_filter *filter, uint32_t hash, usec_t at)
{
	struct generation *generation = newest(filter, at);
	uint64_t mask[LINE_WORDS];
	size_t line = line_of(generation, place(hash, mask));

	for (int i = 0; i < LINE_WORDS; i++)
		generation->lines[line][i] |= mask[i];
	generation->calls++;
	if (at > generation->last_at)
		generation->last_at = at;
}

static void
drop_expired(struct call_filter *filter, usec_t now)
{
	size_t expired = 0;

	while (expired < filter->count &&
	       filter->generations[expired]->last_at + CALL_FILTER_SPAN < now)
		expired++;
	if (expired > 0)
		drop_oldest(filter, expired);
}

bool
call_filter_may_have(struct call_filter *filter, uint32_t hash, usec_t now)
{
	uint64_t mask[LINE_WORDS];
	uint64_t chosen_by = place(hash, mask);

	drop_expired(filter, now);
	/* What is sent again was mostly sent just now. */
	for (size_t i = filter->count; i-- > 0;)
		if (generation_has(filter->generations[i], chosen_by, mask))
			return true;
	return false;
}
