#include "collectors/kruxosd/columns.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "store/calls.h"

#include <assert.h>

/* Positions by value. Used again for each dimension. */
struct groups {
	uint32_t table[2 * SEGMENT_BLOCK];  /* group + 1 of a value, or 0 */
	uint32_t group_of[SEGMENT_BLOCK];   /* of a position */
	uint32_t values[SEGMENT_BLOCK];	    /* of a group */
	uint32_t begins[SEGMENT_BLOCK + 1]; /* of a group, in positions */
	uint32_t order[SEGMENT_BLOCK];	    /* groups by value */
	uint16_t positions[SEGMENT_BLOCK];
	uint32_t count;
};

/* By position. */
struct columns {
	uint64_t first;
	usec_t times[SEGMENT_BLOCK]; /* SEGMENT_NO_TIME: no entry there */
	uint32_t values[SEGMENT_DIMENSIONS][SEGMENT_BLOCK];
	uint32_t calls[SEGMENT_BLOCK]; /* hash of call_id, if … */
	bool has_call[SEGMENT_BLOCK];  /* … there is one */
	struct groups *groups; /* NULL: none were made since the last trim */
	struct buf blob;
};

/* A stretch of the columns, about to become a block. */
struct stretch {
	uint32_t from, to; /* positions */
	bool is_recent;
	struct segment_block block;
	columns_on_piece on_piece;
	void *context;
};

struct columns *
columns_new(void)
{
	struct columns *columns = memory_new(sizeof(*columns));

	buf_init(&columns->blob);
	columns_begin(columns, 0);
	return columns;
}

void
columns_free(struct columns *columns)
{
	if (columns == NULL)
		return;
	columns_trim(columns);
	free(columns);
}

void
columns_trim(struct columns *columns)
{
	free(columns->groups);
	columns->groups = NULL;
	buf_free(&columns->blob);
}

/* --- entries ------------------------------------------------------------ */

void
columns_begin(struct columns *columns, uint64_t first)
{
	assert(first % SEGMENT_BLOCK == 0);
	columns->first = first;
	columns_forget(columns, first + SEGMENT_BLOCK);
}

uint64_t
columns_first(const struct columns *columns)
{
	return columns->first;
}

void
columns_set(struct columns *columns, const struct columns_entry *entry)
{
	uint64_t at = entry->seq - columns->first;

	assert(at < SEGMENT_BLOCK);
	columns->times[at] = entry->time;
	for (int i = 0; i < SEGMENT_DIMENSIONS; i++)
		columns->values[i][at] = entry->values[i];
	columns->has_call[at] = entry->has_call;
	columns->calls[at] = entry->call;
}

void
columns_set_call(struct columns *columns, uint64_t seq, uint32_t call)
{
	uint64_t at = seq - columns->first;

	assert(at < SEGMENT_BLOCK);
	columns->has_call[at] = true;
	columns->calls[at] = call;
}

void
columns_forget(struct columns *columns, uint64_t seq)
{
	uint64_t count = seq > columns->first ? seq - columns->first : 0;

	if (count > SEGMENT_BLOCK)
		count = SEGMENT_BLOCK;
	memset(columns->times, 0xff, count * sizeof(columns->times[0]));
	memset(columns->has_call, 0, count * sizeof(columns->has_call[0]));
}

/* --- grouping ----------------------------------------------------------- */

static uint32_t
group_of_value(struct groups *groups, uint32_t value, uint32_t mask)
{
	uint32_t place = value * 0x9e3779b1u >> 7 & mask;

	while (groups->table[place] != 0) {
		uint32_t group = groups->table[place] - 1;

		if (groups->values[group] == value)
			return group;
		place = (place + 1) & mask;
	}
	groups->values[groups->count] = value;
	groups->begins[groups->count] = 0;
	groups->table[place] = ++groups->count;
	return groups->count - 1;
}

static int
compare_values(const void *a, const void *b, void *values)
{
	uint32_t left = ((const uint32_t *)values)[*(const uint32_t *)a];
	uint32_t right = ((const uint32_t *)values)[*(const uint32_t *)b];

	return (left > right) - (left < right);
}

/* Counting sort of the stretch's positions by their values. */
static void
make_groups(struct columns *columns, const struct stretch *stretch,
    const uint32_t *values)
{
	struct groups *groups = columns->groups;
	const usec_t *times = columns->times;
	uint32_t size = 2 * (stretch->to - stretch->from);
	uint32_t begin = 0;

	memset(groups->table, 0, size * sizeof(groups->table[0]));
	groups->count = 0;
	for (uint32_t i = stretch->from; i < stretch->to; i++) {
		if (times[i] == SEGMENT_NO_TIME)
			continue;
		groups->group_of[i] =
		    group_of_value(groups, values[i], size - 1);
		groups->begins[groups->group_of[i]]++;
	}
	for (uint32_t group = 0; group < groups->count; group++) {
		uint32_t members = groups->begins[group];

		groups->begins[group] = begin;
		groups->order[group] = group;
		begin += members;
	}
	for (uint32_t i = stretch->from; i < stretch->to; i++)
		if (times[i] != SEGMENT_NO_TIME)
			groups
			    ->positions[groups->begins[groups->group_of[i]]++] =
			    (uint16_t)(i - stretch->from);
	/* Each begin has moved to the next one's. */
	for (uint32_t group = groups->count; group > 0; group--)
		groups->begins[group] = groups->begins[group - 1];
	groups->begins[0] = 0;
	/* The database takes keys faster in their order. */
	qsort_r(groups->order, groups->count, sizeof(groups->order[0]),
	    compare_values, groups->values);
}

/* --- pieces ------------------------------------------------------------- */

static int
hand_group(struct columns *columns, const struct stretch *stretch,
    enum segment_dimension dimension, uint32_t group, struct error *err)
{
	const struct groups *groups = columns->groups;
	uint32_t begin = groups->begins[group];
	struct segment_key key = {
		.dimension = dimension,
		.value = groups->values[group],
		.first = stretch->block.first,
		.count = groups->begins[group + 1] - begin,
	};
	struct columns_piece piece = {
		.kind = COLUMNS_SEGMENT,
		.is_recent = stretch->is_recent,
		.id = segment_id(
		    dimension, key.value, key.first, stretch->block.size),
		.count = key.count,
	};

	buf_reset(&columns->blob);
	segment_encode(&key, groups->positions + begin, &columns->blob);
	piece.blob = buf_slice(&columns->blob);
	return stretch->on_piece(stretch->context, &piece, err);
}

static int
hand_segments(
    struct columns *columns, const struct stretch *stretch, struct error *err)
{
	if (columns->groups == NULL)
		columns->groups = memory_new(sizeof(*columns->groups));
	for (int dimension = 0; dimension < SEGMENT_DIMENSIONS; dimension++) {
		const struct groups *groups = columns->groups;

		make_groups(columns, stretch, columns->values[dimension]);
		for (uint32_t i = 0; i < groups->count; i++)
			if (hand_group(columns, stretch,
				(enum segment_dimension)dimension,
				groups->order[i], err) == -1)
				return -1;
	}
	return 0;
}

static void
measure(struct columns *columns, struct stretch *stretch)
{
	struct segment_block *block = &stretch->block;

	block->min_time = UINT64_MAX;
	for (uint32_t i = stretch->from; i < stretch->to; i++) {
		usec_t time = columns->times[i];

		if (time == SEGMENT_NO_TIME)
			continue;
		block->count++;
		if (time < block->min_time)
			block->min_time = time;
		if (time > block->max_time)
			block->max_time = time;
	}
}

static int
hand_block(
    struct columns *columns, const struct stretch *stretch, struct error *err)
{
	struct columns_piece piece = {
		.kind = COLUMNS_BLOCK,
		.is_recent = stretch->is_recent,
		.id = stretch->block.first,
		.count = stretch->block.count,
		.block = &stretch->block,
	};

	buf_reset(&columns->blob);
	segment_encode_times(&stretch->block, columns->times + stretch->from,
	    stretch->to - stretch->from, &columns->blob);
	piece.blob = buf_slice(&columns->blob);
	return stretch->on_piece(stretch->context, &piece, err);
}

/* The block's calls, in buckets. */
static int
hand_calls(
    struct columns *columns, const struct stretch *stretch, struct error *err)
{
	cleanup(cleanup_free) struct calls_call *calls = NULL;
	size_t begins[CALLS_BUCKETS + 1] = { 0 }, count;

	for (uint32_t i = 0; i < SEGMENT_BLOCK; i++)
		if (columns->has_call[i])
			begins[calls_bucket(columns->calls[i]) + 1]++;
	for (unsigned bucket = 0; bucket < CALLS_BUCKETS; bucket++)
		begins[bucket + 1] += begins[bucket];
	count = begins[CALLS_BUCKETS];
	calls = memory_new(memory_product(count + 1, sizeof(*calls)));
	for (uint32_t i = 0; i < SEGMENT_BLOCK; i++)
		if (columns->has_call[i])
			calls[begins[calls_bucket(columns->calls[i])]++] =
			    (struct calls_call){ columns->calls[i],
				    (uint16_t)i };
	/* Each begin has moved to the next one's. */
	for (unsigned bucket = 0; bucket < CALLS_BUCKETS; bucket++) {
		size_t begin = bucket == 0 ? 0 : begins[bucket - 1];
		struct columns_piece piece = {
			.kind = COLUMNS_CALLS,
			.id = calls_id(columns->first, bucket),
		};

		if (begin == begins[bucket])
			continue;
		buf_reset(&columns->blob);
		calls_encode(columns->first, bucket, calls + begin,
		    begins[bucket] - begin, &columns->blob);
		piece.blob = buf_slice(&columns->blob);
		if (stretch->on_piece(stretch->context, &piece, err) == -1)
			return -1;
	}
	return 0;
}

static int
hand_stretch(
    struct columns *columns, struct stretch *stretch, struct error *err)
{
	measure(columns, stretch);
	if (stretch->block.count == 0)
		return 0;
	if (hand_segments(columns, stretch, err) == -1 ||
	    hand_block(columns, stretch, err) == -1)
		return -1;
	return stretch->is_recent ? 0 : hand_calls(columns, stretch, err);
}

int
columns_each(struct columns *columns, usec_t recorded_at,
    columns_on_piece on_piece, void *context, struct error *err)
{
	struct stretch stretch = {
		.to = SEGMENT_BLOCK,
		.block = { .first = columns->first,
		    .size = SEGMENT_BLOCK,
		    .recorded_at = recorded_at },
		.on_piece = on_piece,
		.context = context,
	};

	return hand_stretch(columns, &stretch, err);
}

int
columns_each_recent(struct columns *columns, uint64_t first, usec_t recorded_at,
    columns_on_piece on_piece, void *context, struct error *err)
{
	uint32_t from = (uint32_t)(first - columns->first);
	struct stretch stretch = {
		.from = from,
		.to = from + SEGMENT_RECENT,
		.is_recent = true,
		.block = { .first = first,
		    .size = SEGMENT_RECENT,
		    .recorded_at = recorded_at },
		.on_piece = on_piece,
		.context = context,
	};

	assert(first >= columns->first && from < SEGMENT_BLOCK);
	return hand_stretch(columns, &stretch, err);
}
