/* A few neighbouring blocks, and what a plan means of each. For lib/store
 * alone; within a snapshot.
 *
 * Counts come first: most blocks are decided by them (nobody has the value
 * here, everybody has it, or one condition is all there is), and the bits of
 * those are never read. Where bits are damaged, the block is answered by its
 * rows.
 */
#ifndef STORE_SEARCH_CHUNK_H
#define STORE_SEARCH_CHUNK_H

#include "store/search_plan.h"

enum { SEARCH_CHUNK_BLOCKS = 16 };

struct search_chunk;

/* `store` and `plan` stay the caller's and outlive it. */
struct search_chunk *
search_chunk_new(struct store *store, const struct search_plan *plan);
void search_chunk_free(struct search_chunk *chunk);

/* Load the newest blocks (recent ones, or sealed ones) that begin at
 * `low`..`high`, and their counts; seqs beyond `high` are left out. */
int search_chunk_load(struct search_chunk *chunk, bool is_recent, uint64_t low,
    uint64_t high, struct error *err);

/* The blocks that were loaded, the newest first. */
size_t search_chunk_blocks(const struct search_chunk *chunk);
const struct segment_block *
search_chunk_block(const struct search_chunk *chunk, size_t index);

/* How many entries of the block are meant. */
int search_chunk_count(struct search_chunk *chunk, size_t index,
    uint64_t *ret_count, struct error *err);

/* Which ones; the chunk's, until it is loaded again. */
int search_chunk_bits(struct search_chunk *chunk, size_t index,
    const roaring_bitmap_t **ret_bits, struct error *err);

/* Are all entries of the block meant? Known once it was counted. */
bool search_chunk_is_all(const struct search_chunk *chunk, size_t index);

#endif
