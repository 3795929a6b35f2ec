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

struct search_walk;

/* What the plan means of a block, or of the tail, which is in none. */
struct search_group {
	uint64_t first; /* positions count from here */
	uint64_t count; /* entries meant: at least one */
	/* The block; NULL: the tail. The walk's, until its next step. */
	const struct segment_block *block;
	bool is_all; /* every entry of the block is meant */
};

/* Within the snapshot of the plan, which becomes the walk's own too. `store`,
 * `search` and `plan` stay the caller's and outlive it. */
struct search_walk *search_walk_new(struct store *store,
    const struct search *search, const struct search_plan *plan);
void search_walk_free(struct search_walk *walk);

/* The next group that has an entry; 1, 0 at the end, -1: the store's errors,
 * ERROR_BUSY: the client has gone, or the index is being built anew. The
 * snapshot lasts until the next step. */
int search_walk_next(struct search_walk *walk, struct search_group *ret_group,
    struct error *err);

/* Which entries of the group at hand are meant: seq - first. The walk's, until
 * its next step. */
int search_walk_bits(struct search_walk *walk,
    const roaring_bitmap_t **ret_bits, struct error *err);

/* Let the snapshot go before the next step: reading lines takes long. */
void search_walk_rest(struct search_walk *walk);

/* The rows of the tail that are meant, in falling order, when the tail is at
 * hand. */
typedef void (*search_walk_on_row)(void *context, const struct search_row *row);
int search_walk_rows(struct search_walk *walk, search_walk_on_row on_row,
    void *context, struct error *err);

#endif
