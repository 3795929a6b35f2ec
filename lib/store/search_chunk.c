#include "store/search_chunk.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "sql/search.h"
#include "store/search_block.h"
#include "store/search_rows.h"

#include <assert.h>

/* One of a condition's values that some of a block have. */
struct part {
	dictionary_id value;
	size_t next; /* of the same block and condition, + 1 */
};

enum state { UNKNOWN, COUNTED, MADE };

/* A block, and what is known of it. */
struct member {
	struct segment_block block;
	size_t parts[FILTER_NAMES];  /* by condition: the first part, + 1 */
	uint64_t sums[FILTER_NAMES]; /* of the parts' counts */
	enum state state;
	uint64_t count;
	roaring_bitmap_t *bits; /* NULL: not made */
};

struct search_chunk {
	struct store *store;
	const struct search_plan *plan;
	bool is_recent;
	uint64_t last; /* no seq behind it */
	struct member members[SEARCH_CHUNK_BLOCKS];
	size_t count;
	struct part *parts;
	size_t part_count, part_capacity;
};

DEFINE_CLEANUP(roaring_bitmap_t *, roaring_bitmap_free);

struct search_chunk *
search_chunk_new(struct store *store, const struct search_plan *plan)
{
	struct search_chunk *chunk = memory_new(sizeof(*chunk));

	chunk->store = store;
	chunk->plan = plan;
	return chunk;
}

static void
unload(struct search_chunk *chunk)
{
	for (size_t i = 0; i < chunk->count; i++)
		if (chunk->members[i].bits != NULL)
			roaring_bitmap_free(chunk->members[i].bits);
	chunk->count = 0;
	chunk->part_count = 0;
}

void
search_chunk_free(struct search_chunk *chunk)
{
	if (chunk == NULL)
		return;
	unload(chunk);
	free(chunk->parts);
	free(chunk);
}

size_t
search_chunk_blocks(const struct search_chunk *chunk)
{
	return chunk->count;
}

const struct segment_block *
search_chunk_block(const struct search_chunk *chunk, size_t index)
{
	assert(index < chunk->count);
	return &chunk->members[index].block;
}

/* --- counts ------------------------------------------------------------- */

static int
load_blocks(
    struct search_chunk *chunk, uint64_t low, uint64_t high, struct error *err)
{
	struct statement rows = store_start(chunk->store, STORE_SEARCH,
	    chunk->is_recent ? SEARCH_RECENT_BLOCKS : SEARCH_BLOCKS);
	uint32_t size = chunk->is_recent ? SEGMENT_RECENT : SEGMENT_BLOCK;

	statement_bind_u64(&rows, 1, low);
	statement_bind_u64(&rows, 2, high);
	statement_bind_u64(&rows, 3, SEARCH_CHUNK_BLOCKS);
	while (chunk->count < SEARCH_CHUNK_BLOCKS && statement_next(&rows)) {
		struct segment_block block = {
			.first = statement_u64(&rows, 0),
			.size = size,
			.count = (uint32_t)statement_u64(&rows, 1),
			.min_time = statement_u64(&rows, 2),
			.max_time = statement_u64(&rows, 3),
			.recorded_at = statement_u64(&rows, 4),
		};
		struct member *before = chunk->count == 0
					    ? NULL
					    : &chunk->members[chunk->count - 1];

		/* A damaged page may hold anything. */
		if (block.first % size != 0 || block.first < low ||
		    block.first > high || block.count > size ||
		    (before != NULL && block.first >= before->block.first))
			continue;
		chunk->members[chunk->count++] =
		    (struct member){ .block = block };
	}
	return statement_end(&rows, err);
}

static struct member *
find_member(struct search_chunk *chunk, uint64_t first)
{
	for (size_t i = 0; i < chunk->count; i++)
		if (chunk->members[i].block.first == first)
			return &chunk->members[i];
	return NULL;
}

static void
add_part(struct search_chunk *chunk, size_t condition, dictionary_id value,
    uint64_t first, uint64_t count)
{
	struct member *member = find_member(chunk, first);

	if (member == NULL || count > member->block.count)
		return;
	chunk->parts = memory_grow(chunk->parts, &chunk->part_capacity,
	    chunk->part_count + 1, sizeof(*chunk->parts));
	chunk->parts[chunk->part_count++] = (struct part){
		.value = value,
		.next = member->parts[condition],
	};
	member->parts[condition] = chunk->part_count;
	member->sums[condition] += count;
}

static int
load_counts(struct search_chunk *chunk, size_t condition, dictionary_id value,
    struct error *err)
{
	struct statement rows = store_start(chunk->store, STORE_SEARCH,
	    chunk->is_recent ? SEARCH_RECENT_COUNTS : SEARCH_COUNTS);
	enum segment_dimension dimension =
	    chunk->plan->conditions[condition].dimension;
	const struct segment_block *oldest =
	    &chunk->members[chunk->count - 1].block;

	statement_bind_u64(&rows, 1,
	    segment_id(dimension, value, oldest->first, oldest->size));
	statement_bind_u64(&rows, 2,
	    segment_id(
		dimension, value, chunk->members[0].block.first, oldest->size));
	while (statement_next(&rows))
		add_part(chunk, condition, value,
		    segment_first(statement_u64(&rows, 0), oldest->size),
		    statement_u64(&rows, 1));
	return statement_end(&rows, err);
}

int
search_chunk_load(struct search_chunk *chunk, bool is_recent, uint64_t low,
    uint64_t high, struct error *err)
{
	const struct search_plan *plan = chunk->plan;

	unload(chunk);
	chunk->is_recent = is_recent;
	chunk->last = high < plan->last ? high : plan->last;
	if (load_blocks(chunk, low, high, err) == -1)
		return -1;
	if (chunk->count == 0)
		return 0;
	for (size_t i = 0; i < plan->count; i++)
		for (size_t v = 0; v < plan->conditions[i].values.count; v++)
			if (load_counts(chunk, i,
				plan->conditions[i].values.ids[v], err) == -1)
				return -1;
	return 0;
}

/* Of the block's entries, those that a condition leaves. */
static uint64_t
left_by(const struct search_chunk *chunk, const struct member *member,
    size_t condition)
{
	uint64_t sum = member->sums[condition], count = member->block.count;

	if (sum > count) /* damaged */
		sum = count;
	return chunk->plan->conditions[condition].is_excluding ? count - sum
							       : sum;
}

static bool
lies_within(const struct search_chunk *chunk, const struct segment_block *block)
{
	const struct search_plan *plan = chunk->plan;

	return block->first >= plan->first &&
	       block->first + block->size - 1 <= chunk->last &&
	       block->min_time >= plan->from && block->max_time < plan->to;
}

static bool
lies_without(
    const struct search_chunk *chunk, const struct segment_block *block)
{
	const struct search_plan *plan = chunk->plan;

	return block->first > chunk->last ||
	       block->first + block->size <= plan->first ||
	       block->max_time < plan->from || block->min_time >= plan->to;
}

static void
know(struct member *member, uint64_t count)
{
	member->count = count;
	member->state = COUNTED;
}

/* What counts can tell. */
static void
count_by_counts(struct search_chunk *chunk, struct member *member)
{
	uint64_t all = member->block.count, least = all;
	size_t deciding = 0;

	if (lies_without(chunk, &member->block)) {
		know(member, 0);
		return;
	}
	for (size_t i = 0; i < chunk->plan->count; i++) {
		uint64_t left = left_by(chunk, member, i);

		deciding += left < all;
		if (left < least)
			least = left;
	}
	if (least == 0 || (deciding <= 1 && lies_within(chunk, &member->block)))
		know(member, least);
}

/* --- bits --------------------------------------------------------------- */

static int
read_values(struct search_chunk *chunk, const struct member *member,
    size_t condition, roaring_bitmap_t **ret_bits, struct error *err)
{
	cleanup(roaring_bitmap_freep) roaring_bitmap_t *all = NULL;

	for (size_t at = member->parts[condition]; at != 0;) {
		const struct part *part = &chunk->parts[at - 1];
		roaring_bitmap_t *bits;

		if (search_block_value(chunk->store, &member->block,
			chunk->plan->conditions[condition].dimension,
			part->value, &bits, err) == -1)
			return -1;
		if (all == NULL) {
			all = bits;
		} else {
			roaring_bitmap_or_inplace(all, bits);
			roaring_bitmap_free(bits);
		}
		at = part->next;
	}
	*ret_bits = all == NULL ? roaring_bitmap_create() : all;
	all = NULL;
	return 0;
}

/* Cut from `bits` what one condition does not leave. */
static int
apply(struct search_chunk *chunk, const struct member *member, size_t condition,
    roaring_bitmap_t *bits, struct error *err)
{
	roaring_bitmap_t *values;

	if (read_values(chunk, member, condition, &values, err) == -1)
		return -1;
	if (chunk->plan->conditions[condition].is_excluding)
		roaring_bitmap_andnot_inplace(bits, values);
	else
		roaring_bitmap_and_inplace(bits, values);
	roaring_bitmap_free(values);
	return 0;
}

/* Does the row of an entry lie in the range of time? */
static int
is_in_time(struct search_chunk *chunk, uint64_t seq, bool *ret_is_in,
    struct error *err)
{
	struct statement row =
	    store_start(chunk->store, STORE_SEARCH, SEARCH_TIME);
	usec_t time = 0;
	bool is_there;

	statement_bind_u64(&row, 1, seq);
	is_there = statement_next(&row);
	if (is_there)
		time = statement_u64(&row, 0);
	*ret_is_in =
	    is_there && time >= chunk->plan->from && time < chunk->plan->to;
	return statement_end(&row, err);
}

/* Of the unsure ones that are in `bits`, keep those whose rows say so. */
static int
ask_rows(struct search_chunk *chunk, const struct member *member,
    const roaring_bitmap_t *unsure, roaring_bitmap_t *bits, struct error *err)
{
	roaring_uint32_iterator_t at;

	for (roaring_init_iterator(unsure, &at); at.has_value;
	     roaring_advance_uint32_iterator(&at)) {
		bool is_in;

		if (!roaring_bitmap_contains(bits, at.current_value))
			continue;
		if (is_in_time(chunk, member->block.first + at.current_value,
			&is_in, err) == -1)
			return -1;
		if (!is_in)
			roaring_bitmap_remove(bits, at.current_value);
	}
	return 0;
}

static int
apply_time(struct search_chunk *chunk, const struct member *member,
    roaring_bitmap_t *bits, struct error *err)
{
	cleanup(roaring_bitmap_freep) roaring_bitmap_t *in =
	    roaring_bitmap_create();
	cleanup(roaring_bitmap_freep) roaring_bitmap_t *unsure =
	    roaring_bitmap_create();
	struct segment_times times;

	if (search_block_times(chunk->store, &member->block, &times, err) == -1)
		return -1;
	segment_times_between(
	    &times, chunk->plan->from, chunk->plan->to, in, unsure);
	roaring_bitmap_or_inplace(in, unsure);
	roaring_bitmap_and_inplace(bits, in);
	return ask_rows(chunk, member, unsure, bits, err);
}

/* Will bits of values be applied, in which gaps are gaps? */
static bool
is_wanting(const struct search_chunk *chunk, const struct member *member)
{
	for (size_t i = 0; i < chunk->plan->count; i++)
		if (!chunk->plan->conditions[i].is_excluding &&
		    left_by(chunk, member, i) < member->block.count)
			return true;
	return false;
}

/* The entries that are there, cut to the range of seqs and of time. */
static int
make_range(struct search_chunk *chunk, const struct member *member,
    roaring_bitmap_t **ret_bits, struct error *err)
{
	const struct search_plan *plan = chunk->plan;
	const struct segment_block *block = &member->block;
	uint64_t from = 0, to = block->size;

	if (plan->first > block->first)
		from = plan->first - block->first;
	if (chunk->last < block->first + block->size - 1)
		to = chunk->last - block->first + 1;
	*ret_bits = roaring_bitmap_create();
	roaring_bitmap_add_range(*ret_bits, from, to);
	/* Gaps (seqs of damaged lines, what was before the log's first) are
	 * known by the times, and by the bits of any value. */
	if (block->min_time >= plan->from && block->max_time < plan->to &&
	    (block->count == block->size || is_wanting(chunk, member)))
		return 0;
	return apply_time(chunk, member, *ret_bits, err);
}

static int
make_bits(struct search_chunk *chunk, struct member *member, struct error *err)
{
	cleanup(roaring_bitmap_freep) roaring_bitmap_t *bits = NULL;
	bool is_applied[FILTER_NAMES] = { false };

	if (make_range(chunk, member, &bits, err) == -1)
		return -1;
	/* The smallest first: what is empty need not be cut further. */
	for (size_t round = 0; round < chunk->plan->count; round++) {
		size_t least = SIZE_MAX;

		for (size_t i = 0; i < chunk->plan->count; i++)
			if (!is_applied[i] &&
			    (least == SIZE_MAX ||
				left_by(chunk, member, i) <
				    left_by(chunk, member, least)))
				least = i;
		is_applied[least] = true;
		if (left_by(chunk, member, least) == member->block.count ||
		    roaring_bitmap_is_empty(bits))
			break;
		if (apply(chunk, member, least, bits, err) == -1)
			return -1;
	}
	member->bits = bits;
	bits = NULL;
	return 0;
}

static void
on_row(void *context, const struct search_row *row)
{
	struct member *member = context;

	roaring_bitmap_add(
	    member->bits, (uint32_t)(row->seq - member->block.first));
}

/* Bits are damaged: its rows say the same, slowly. */
static int
make_bits_by_rows(
    struct search_chunk *chunk, struct member *member, struct error *err)
{
	const struct search_plan *plan = chunk->plan;
	uint64_t from = member->block.first;
	uint64_t to = from + member->block.size - 1;

	member->bits = roaring_bitmap_create();
	return search_rows_each(chunk->store, plan,
	    from > plan->first ? from : plan->first,
	    to < chunk->last ? to : chunk->last, on_row, member, err);
}

static int
make(struct search_chunk *chunk, struct member *member, struct error *err)
{
	struct error damage = { 0 };

	if (make_bits(chunk, member, &damage) == -1) {
		if (damage.code != ERROR_CORRUPT) {
			*err = damage;
			return -1;
		}
		if (make_bits_by_rows(chunk, member, err) == -1)
			return -1;
	}
	member->count = roaring_bitmap_get_cardinality(member->bits);
	member->state = MADE;
	return 0;
}

int
search_chunk_count(struct search_chunk *chunk, size_t index,
    uint64_t *ret_count, struct error *err)
{
	struct member *member = &chunk->members[index];

	assert(index < chunk->count);
	if (member->state == UNKNOWN)
		count_by_counts(chunk, member);
	if (member->state == UNKNOWN && make(chunk, member, err) == -1)
		return -1;
	*ret_count = member->count;
	return 0;
}

bool
search_chunk_is_all(const struct search_chunk *chunk, size_t index)
{
	const struct member *member = &chunk->members[index];

	return member->state != UNKNOWN && member->count == member->block.count;
}

int
search_chunk_bits(struct search_chunk *chunk, size_t index,
    const roaring_bitmap_t **ret_bits, struct error *err)
{
	struct member *member = &chunk->members[index];

	assert(index < chunk->count);
	if (member->state != MADE && make(chunk, member, err) == -1)
		return -1;
	*ret_bits = member->bits;
	return 0;
}
