/* What a block of entries says: of one value of one dimension, which of its
 * entries have it; and when each of them was.
 *
 * A block is as many seqs as its size from its first one on, a multiple of the
 * size; an entry is known in it by its position, seq - first. The functions
 * are pure: numbers to bytes, bytes to numbers.
 */
#ifndef STORE_SEGMENT_H
#define STORE_SEGMENT_H

#include "log/entry.h"

#include <endian.h>
#include <roaring/roaring.h>

enum {
	SEGMENT_BLOCK = 65536, /* seqs of a block */
	SEGMENT_RECENT = 4096, /* … of those that will be merged into one */
};

/* Stored in kruxos.db: never renumbered. */
enum segment_dimension {
	SEGMENT_ACTOR_TYPE, /* enum entry_actor */
	SEGMENT_ACTOR,	    /* ids of the dictionary … */
	SEGMENT_CAPABILITY,
	SEGMENT_SESSION, /* … 0: none */
	SEGMENT_STATUS,	 /* enum entry_status */
	SEGMENT_TIER,	 /* enum entry_tier */
	SEGMENT_SOURCE,	 /* enum entry_source */
	SEGMENT_DIMENSIONS
};

/* Three of them share a byte of an entry's row. */
static inline unsigned
segment_kind(
    enum entry_actor actor, enum entry_tier tier, enum entry_source source)
{
	return (unsigned)actor * 64 + (unsigned)tier * 8 + (unsigned)source;
}

static inline unsigned
segment_kind_actor(unsigned kind)
{
	return kind / 64;
}

static inline unsigned
segment_kind_tier(unsigned kind)
{
	return kind / 8 % 8;
}

static inline unsigned
segment_kind_source(unsigned kind)
{
	return kind % 8;
}

/* --- bits --------------------------------------------------------------- */

/* Whose bits they are: bytes under another's key are damaged bytes. */
struct segment_key {
	enum segment_dimension dimension;
	uint32_t value;
	uint64_t first; /* of the block */
	uint32_t count; /* entries that have the value */
};

/* Its id in the table, in which the blocks of one value are neighbours; and
 * back to the block's first seq. */
static inline uint64_t
segment_id(enum segment_dimension dimension, uint32_t value, uint64_t first,
    uint32_t size)
{
	return (uint64_t)dimension << 60 | (uint64_t)value << 28 |
	       (first / size & 0xfffffff);
}

static inline uint64_t
segment_first(uint64_t id, uint32_t size)
{
	return (id & 0xfffffff) * size;
}

/* Append the bits of key->count positions, in rising order. */
void segment_encode(
    const struct segment_key *key, const uint16_t *positions, struct buf *out);

/* The bits, to be freed by the caller. NULL: ERROR_CORRUPT. */
roaring_bitmap_t *segment_decode(
    const struct segment_key *key, struct slice blob, struct error *err);

/* --- times -------------------------------------------------------------- */

/* A block as its row has it. */
struct segment_block {
	uint64_t first;
	uint32_t size;	/* SEGMENT_BLOCK or SEGMENT_RECENT */
	uint32_t count; /* entries that are there */
	usec_t min_time, max_time;
	usec_t recorded_at; /* none of them was recorded later */
};

/* No entry stands at this position. */
#define SEGMENT_NO_TIME UINT64_MAX

/* Append the times (µs) of `count` positions from 0 on. */
void segment_encode_times(const struct segment_block *block,
    const usec_t *times, size_t count, struct buf *out);

/* Times in whole milliseconds since 1970, rounded down, by position. Lies in
 * the blob. */
struct segment_times {
	usec_t base;	/* milliseconds */
	size_t count;	/* positions */
	unsigned width; /* bytes of each: 4 or 8 */
	const char *bytes;
};

/* ERROR_CORRUPT. */
int segment_decode_times(const struct segment_block *block, struct slice blob,
    struct segment_times *ret_times, struct error *err);

/* Of one position; SEGMENT_NO_TIME. */
static inline uint64_t
segment_time(const struct segment_times *times, size_t position)
{
	uint64_t wide;
	uint32_t narrow;

	if (times->width == sizeof(narrow)) {
		memcpy(&narrow, times->bytes + position * sizeof(narrow),
		    sizeof(narrow));
		narrow = le32toh(narrow);
		return narrow == UINT32_MAX ? SEGMENT_NO_TIME
					    : times->base + narrow;
	}
	memcpy(&wide, times->bytes + position * sizeof(wide), sizeof(wide));
	wide = le64toh(wide);
	return wide == UINT64_MAX ? SEGMENT_NO_TIME : times->base + wide;
}

/* The positions with from <= time < to; where a bound lies within a
 * millisecond, those of that millisecond go into `unsure` instead: their rows
 * have the microseconds. Both are the caller's, and empty. */
void segment_times_between(const struct segment_times *times, usec_t from,
    usec_t to, roaring_bitmap_t *ret_sure, roaring_bitmap_t *ret_unsure);

#endif
