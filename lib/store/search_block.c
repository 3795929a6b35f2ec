#include "store/search_block.h"

#include "sql/search.h"

int
search_block_count(struct store *store, const struct segment_block *block,
    enum segment_dimension dimension, uint32_t value, uint64_t *ret_count,
    struct error *err)
{
	struct statement row = store_start(store, STORE_SEARCH,
	    block->size == SEGMENT_RECENT ? SEARCH_RECENT_COUNT : SEARCH_COUNT);
	uint64_t count;

	statement_bind_u64(
	    &row, 1, segment_id(dimension, value, block->first, block->size));
	count = statement_next(&row) ? statement_u64(&row, 0) : 0;
	if (statement_end(&row, err) == -1)
		return -1;
	*ret_count = count;
	return 0;
}

int
search_block_value(struct store *store, const struct segment_block *block,
    enum segment_dimension dimension, uint32_t value,
    roaring_bitmap_t **ret_bits, struct error *err)
{
	struct segment_key key = { dimension, value, block->first, 0 };
	struct statement row = store_start(store, STORE_SEARCH,
	    block->size == SEGMENT_RECENT ? SEARCH_RECENT_BITS : SEARCH_BITS);
	roaring_bitmap_t *bits = NULL;
	bool is_there;

	statement_bind_u64(
	    &row, 1, segment_id(dimension, value, block->first, block->size));
	is_there = statement_next(&row);
	if (is_there) {
		key.count = (uint32_t)statement_u64(&row, 0);
		bits = segment_decode(&key, statement_blob(&row, 1), err);
	}
	if (statement_end(&row, err) == -1) {
		if (bits != NULL)
			roaring_bitmap_free(bits);
		return -1;
	}
	if (!is_there)
		bits = roaring_bitmap_create();
	if (bits == NULL)
		return -1;
	*ret_bits = bits;
	return 0;
}

static bool
are_of(const struct store_times *times, struct store *store,
    const struct segment_block *block)
{
	const struct segment_block *theirs = &times->block;

	return times->generation == store_generation(store) &&
	       theirs->first == block->first && theirs->size == block->size &&
	       theirs->count == block->count &&
	       theirs->min_time == block->min_time &&
	       theirs->max_time == block->max_time &&
	       theirs->recorded_at == block->recorded_at;
}

static int
read_times(struct store *store, const struct segment_block *block,
    struct store_times *times, struct error *err)
{
	struct statement row = store_start(store, STORE_SEARCH,
	    block->size == SEGMENT_RECENT ? SEARCH_RECENT_TIMES : SEARCH_TIMES);

	times->generation = 0;
	buf_reset(&times->blob);
	statement_bind_u64(&row, 1, block->first);
	if (statement_next(&row))
		buf_add_slice(&times->blob, statement_blob(&row, 0));
	if (statement_end(&row, err) == -1 ||
	    segment_decode_times(
		block, buf_slice(&times->blob), &times->times, err) == -1)
		return -1;
	times->block = *block;
	times->generation = store_generation(store);
	return 0;
}

int
search_block_times(struct store *store, const struct segment_block *block,
    struct segment_times *ret_times, struct error *err)
{
	struct store_times *kept = store_times(store);
	struct store_times found;
	size_t at = 0;

	while (at < STORE_TIMES - 1 && !are_of(&kept[at], store, block))
		at++;
	/* It moves to the front; or the last one does, and makes room. */
	found = kept[at];
	memmove(kept + 1, kept, at * sizeof(*kept));
	kept[0] = found;
	if (!are_of(&kept[0], store, block) &&
	    read_times(store, block, &kept[0], err) == -1)
		return -1;
	*ret_times = kept[0].times;
	return 0;
}

/* The union of a condition's values in a block. */
