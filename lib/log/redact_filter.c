#include "log/redact_filter.h"

#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>

/* Lower case for letters; for other bytes only the same for the same. */
#define FOLD 0x20202020u

/* Knuth's multiplier, 2^32 over the golden ratio: the high bits of the product
 * depend on all four bytes. */
static inline uint32_t
hash(const char *bytes)
{
	uint32_t four;

	memcpy(&four, bytes, sizeof(four));
	return ((four | FOLD) * 0x9e3779b1u) >> 16;
}

static void
add_hash(struct redact_filter *filter, uint32_t place,
    const struct redact_rule *rule)
{
	uint16_t *link = &filter->heads[place];

	while (*link != 0) {
		if (filter->links[*link].rule == rule)
			return;
		link = &filter->links[*link].next;
	}
	if (filter->count == 0)
		filter->count = 1;
	assert(filter->count <= UINT16_MAX);
	*link = (uint16_t)filter->count;
	filter->links = memory_grow(filter->links, &filter->capacity,
	    filter->count + 1, sizeof(*filter->links));
	filter->links[filter->count++] = (struct redact_filter_link){ rule, 0 };
	filter->bits[place / 64] |= (uint64_t)1 << place % 64;
}

/* All that the first characters of an anchor may be, from `position` on. */
static void
add_from(struct redact_filter *filter, const struct redact_rule *rule,
    char bytes[static REDACT_FILTER_BYTES], size_t position)
{
	bool set[256];

	if (position == REDACT_FILTER_BYTES) {
		add_hash(filter, hash(bytes), rule);
		return;
	}
	redact_rule_anchor_set(rule, position, set);
	for (int c = 0; c < 256; c++) {
		if (!set[c])
			continue;
		bytes[position] = (char)c;
		add_from(filter, rule, bytes, position + 1);
	}
}

void
redact_filter_add(struct redact_filter *filter, const struct redact_rule *rule)
{
	char bytes[REDACT_FILTER_BYTES];

	add_from(filter, rule, bytes, 0);
}

void
redact_filter_free(struct redact_filter *filter)
{
	free(filter->links);
}

size_t
redact_filter_next(
    const struct redact_filter *filter, struct slice text, size_t at)
{
	for (; at + REDACT_FILTER_BYTES <= text.len; at++) {
		uint32_t place = hash(text.data + at);

		if (filter->bits[place / 64] >> place % 64 & 1)
			return at;
	}
	return text.len;
}

const struct redact_filter_link *
redact_filter_first(
    const struct redact_filter *filter, struct slice text, size_t at)
{
	uint16_t head = filter->heads[hash(text.data + at)];

	return head == 0 ? NULL : filter->links + head;
}
