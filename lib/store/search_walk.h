/* The entries that a plan means, block by block, from the newest to the
 * oldest. For lib/store alone.
 *
 * A walk holds a snapshot, and takes a new one now and then: blocks may be
 * sealed and merged under it, but what is behind a seq stays behind it, so it
 * goes on from the last one that it looked at. When the index is built anew
 * meanwhile, the walk ends with ERROR_BUSY.
 */
#ifndef STORE_SEARCH_WALK_H
#define STORE_SEARCH_WALK_H

#include "store/search_plan.h"

#include <roaring/roaring.h>

struct search_walk;

/* What the plan means of the seqs from first to first + 65,535. */
struct search_group {
	uint64_t first;
	uint64_t count;		/* entries meant */
	roaring_bitmap_t *bits; /* seq - first; the walk's, until its next
				   step; NULL: search_walk_bits() has them */
};

/* `store`, `search` and `plan` stay the caller's and outlive it. */
struct search_walk *search_walk_new(struct store *store,
    const struct search *search, const struct search_plan *plan);
void search_walk_free(struct search_walk *walk);

/* The next group that has an entry; 1, 0 at the end, -1: the store's errors,
 * ERROR_BUSY: the client has gone, or the index is being built anew. */
int search_walk_next(struct search_walk *walk, struct search_group *ret_group,
    struct error *err);

#endif
