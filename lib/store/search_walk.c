#include "store/search_walk.h"

#include "base/memory.h"
#include "store/search_chunk.h"
#include "store/search_rows.h"

#include <assert.h>

/* A snapshot is taken anew after this time. */
#define SNAPSHOT_TIME (USEC_PER_SEC / 2)

struct search_walk {
	struct store *store;
	const struct search *search;
	const struct search_plan *plan;
	uint64_t left; /* seqs below this were not looked at yet */
	uint64_t generation;

	bool holds; /* a snapshot */
	usec_t held_since;

	struct search_chunk *chunk;
	size_t block;		/* the next one of the chunk */
	size_t current;		/* … the one at hand */
	roaring_bitmap_t *tail; /* the tail is at hand; NULL: it is not */
	uint64_t tail_first;
	uint32_t *positions; /* from there, while the tail is made */
	size_t position_capacity;
};

struct search_walk *
search_walk_new(struct store *store, const struct search *search,
    const struct search_plan *plan)
{
	struct search_walk *walk = memory_new(sizeof(*walk));
	struct error none;

	/* Within the caller's, nothing is opened and nothing can fail. */
	walk->holds = store_begin(store, &none) == 0;
	assert(walk->holds);
	walk->held_since = clock_monotonic(&clock_system);
	walk->block = SIZE_MAX;
	walk->store = store;
	walk->search = search;
	walk->plan = plan;
	walk->left = plan->is_empty ? 0 : plan->last + 1;
	walk->generation = store_generation(store);
	walk->chunk = search_chunk_new(store, plan);
	return walk;
}

void
search_walk_rest(struct search_walk *walk)
{
	if (walk->holds)
		store_end(walk->store);
	walk->holds = false;
}

static void
leave_tail(struct search_walk *walk)
{
	if (walk->tail != NULL)
		roaring_bitmap_free(walk->tail);
	walk->tail = NULL;
}

void
search_walk_free(struct search_walk *walk)
{
	if (walk == NULL)
		return;
	search_walk_rest(walk);
	leave_tail(walk);
	search_chunk_free(walk->chunk);
	free(walk->positions);
	free(walk);
}

/* A snapshot for the next step. One that has been let go or has lasted long
 * enough is another; then what was loaded may have moved. */
static int
hold(struct search_walk *walk, bool *ret_is_another, struct error *err)
{
	usec_t now = clock_monotonic(&clock_system);

	if (walk->search->is_gone != NULL &&
	    walk->search->is_gone(walk->search->context))
		return error_set(err, ERROR_BUSY, "the client has gone");
	if (walk->holds && now - walk->held_since > SNAPSHOT_TIME)
		search_walk_rest(walk);
	*ret_is_another = !walk->holds;
	if (walk->holds)
		return 0;
	if (store_begin(walk->store, err) == -1)
		return -1;
	walk->holds = true;
	walk->held_since = now;
	if (store_generation(walk->store) != walk->generation)
		return error_set(
		    err, ERROR_BUSY, "the index is being built anew");
	return 0;
}

/* --- the tail ----------------------------------------------------------- */

int
search_walk_rows(struct search_walk *walk, search_walk_on_row on_row,
    void *context, struct error *err)
{
	const struct search_row *rows;
	size_t count;

	assert(walk->tail != NULL);
	if (search_rows_tail(walk->store, &rows, &count, err) == -1)
		return -1;
	for (size_t i = count; i > 0; i--) {
		const struct search_row *row = &rows[i - 1];

		if (row->seq >= walk->tail_first &&
		    roaring_bitmap_contains(
			walk->tail, (uint32_t)(row->seq - walk->tail_first)))
			on_row(context, row);
	}
	return 0;
}

/* A bitmap of rising positions; mostly of all from the first to the last. */
static roaring_bitmap_t *
bits_of(const uint32_t *positions, size_t count)
{
	if (count > 0 && positions[count - 1] - positions[0] == count - 1)
		return roaring_bitmap_from_range(
		    positions[0], (uint64_t)positions[count - 1] + 1, 1);
	return roaring_bitmap_of_ptr(count, positions);
}

/* 1: the tail has entries that are meant. */
static int
step_into_tail(
    struct search_walk *walk, struct search_group *ret_group, struct error *err)
{
	const struct search_plan *plan = walk->plan;
	uint64_t first = store_tail_seq(walk->store);
	uint64_t last = walk->left - 1;
	const struct search_row *rows;
	size_t count, meant = 0;

	if (search_rows_tail(walk->store, &rows, &count, err) == -1)
		return -1;
	walk->positions = memory_grow(walk->positions, &walk->position_capacity,
	    count, sizeof(*walk->positions));
	for (size_t i = 0; i < count; i++)
		if (rows[i].seq >= plan->first && rows[i].seq >= first &&
		    rows[i].seq <= last && search_plan_matches(plan, &rows[i]))
			walk->positions[meant++] =
			    (uint32_t)(rows[i].seq - first);
	walk->tail = bits_of(walk->positions, meant);
	walk->tail_first = first;
	walk->left = first;
	*ret_group = (struct search_group){
		.first = first,
		.count = roaring_bitmap_get_cardinality(walk->tail),
	};
	return ret_group->count > 0;
}

/* --- blocks ------------------------------------------------------------- */

/* The next blocks below `left`; 0: there are none. */
static int
load_chunk(struct search_walk *walk, struct error *err)
{
	const struct search_plan *plan = walk->plan;
	uint64_t recent = store_recent_seq(walk->store);
	bool is_recent = walk->left > recent;
	uint32_t size = is_recent ? SEGMENT_RECENT : SEGMENT_BLOCK;
	uint64_t low = plan->first - plan->first % size;

	walk->block = 0;
	if (is_recent && low < recent)
		low = recent;
	if (search_chunk_load(
		walk->chunk, is_recent, low, walk->left - 1, err) == -1)
		return -1;
	if (search_chunk_blocks(walk->chunk) > 0)
		return 1;
	if (!is_recent) {
		walk->left = 0;
		return 0;
	}
	walk->left = recent;
	return walk->left > plan->first ? load_chunk(walk, err) : 0;
}

/* 1: a block with entries that are meant; 0: the chunk has no more. */
static int
step_in_chunk(
    struct search_walk *walk, struct search_group *ret_group, struct error *err)
{
	while (walk->block < search_chunk_blocks(walk->chunk)) {
		size_t index = walk->block++;
		const struct segment_block *block =
		    search_chunk_block(walk->chunk, index);
		uint64_t count;

		walk->left = block->first;
		if (search_chunk_count(walk->chunk, index, &count, err) == -1)
			return -1;
		if (count == 0)
			continue;
		walk->current = index;
		*ret_group = (struct search_group){
			.first = block->first,
			.count = count,
			.block = block,
			.is_all = search_chunk_is_all(walk->chunk, index),
		};
		return 1;
	}
	return 0;
}

int
search_walk_next(
    struct search_walk *walk, struct search_group *ret_group, struct error *err)
{
	bool is_another = false;
	int result = 0;

	leave_tail(walk);
	while (result == 0) {
		if (hold(walk, &is_another, err) == -1)
			return -1;
		if (is_another)
			walk->block = SIZE_MAX;
		result = walk->block == SIZE_MAX
			     ? 0
			     : step_in_chunk(walk, ret_group, err);
		if (result != 0)
			break;
		if (walk->left == 0 || walk->left <= walk->plan->first) {
			search_walk_rest(walk);
			return 0;
		}
		if (walk->left > store_tail_seq(walk->store)) {
			result = step_into_tail(walk, ret_group, err);
			if (result == 0)
				leave_tail(walk);
			walk->block = SIZE_MAX;
		} else if (load_chunk(walk, err) == -1) {
			result = -1;
		}
	}
	return result;
}

int
search_walk_bits(struct search_walk *walk, const roaring_bitmap_t **ret_bits,
    struct error *err)
{
	if (walk->tail != NULL) {
		*ret_bits = walk->tail;
		return 0;
	}
	return search_chunk_bits(walk->chunk, walk->current, ret_bits, err);
}
