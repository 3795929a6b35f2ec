/* One block, as its rows in kruxos.db have it: the bits of a value, and the
 * times. For lib/store alone; within a snapshot. */
#ifndef STORE_SEARCH_BLOCK_H
#define STORE_SEARCH_BLOCK_H

#include "store/segment.h"
#include "store/store.h"

/* How many entries of a block have a value, and which: the caller's to free,
 * empty where nobody has it. ERROR_CORRUPT, and the store's. */
int search_block_count(struct store *store, const struct segment_block *block,
    enum segment_dimension dimension, uint32_t value, uint64_t *ret_count,
    struct error *err);
int search_block_value(struct store *store, const struct segment_block *block,
    enum segment_dimension dimension, uint32_t value,
    roaring_bitmap_t **ret_bits, struct error *err);

/* The times of a block; good until the next call. */
int search_block_times(struct store *store, const struct segment_block *block,
    struct segment_times *ret_times, struct error *err);

#endif
