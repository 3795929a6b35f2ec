/* What one block of entries says of one value of one dimension. */
#ifndef STORE_SEGMENT_H
#define STORE_SEGMENT_H

#include "log/entry.h"

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

#endif
