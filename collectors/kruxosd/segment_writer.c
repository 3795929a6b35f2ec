#include "collectors/kruxosd/segment_writer.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "sql/segment_writer.h"
#include "store/calls.h"

#include <assert.h>

/* The block under way, by position. */
struct columns {
	usec_t times[SEGMENT_BLOCK]; /* SEGMENT_NO_TIME: no entry there */
	uint32_t values[SEGMENT_DIMENSIONS][SEGMENT_BLOCK];
	uint32_t calls[SEGMENT_BLOCK]; /* hash of call_id, if … */
	bool has_call[SEGMENT_BLOCK];  /* … there is one */
};

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

struct segment_writer {
	struct statement_set *statements;
	uint64_t block;	 /* first seq of the block under way */
	uint64_t recent; /* first seq of the recent block under way */
	struct columns *columns;
	struct groups *groups;
	struct buf blob;
};

/* --- grouping --------------------------------------------------------------
 */

/* A stretch of the block under way, about to become a block. */
struct stretch {
	uint32_t from, to; /* positions in the columns */
	bool is_recent;
	struct segment_block block;
};

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
make_groups(struct segment_writer *writer, const struct stretch *stretch,
    const uint32_t *values)
{
	struct groups *groups = writer->groups;
	const usec_t *times = writer->columns->times;
	uint32_t size =
	    2 * (stretch->is_recent ? SEGMENT_RECENT : SEGMENT_BLOCK);
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

static int
write_group(struct segment_writer *writer, const struct stretch *stretch,
    enum segment_dimension dimension, uint32_t group, struct error *err)
{
	const struct groups *groups = writer->groups;
	uint32_t begin = groups->begins[group];
	struct segment_key key = {
		.dimension = dimension,
		.value = groups->values[group],
		.first = stretch->block.first,
		.count = groups->begins[group + 1] - begin,
	};
	struct statement add = statement_start(writer->statements,
	    stretch->is_recent ? SEGMENT_WRITER_ADD_RECENT_SEGMENT
			       : SEGMENT_WRITER_ADD_SEGMENT);

	buf_reset(&writer->blob);
	segment_encode(&key, groups->positions + begin, &writer->blob);
	statement_bind_u64(&add, 1,
	    segment_id(
		key.dimension, key.value, key.first, stretch->block.size));
	statement_bind_u64(&add, 2, key.count);
	statement_bind_blob(&add, 3, buf_slice(&writer->blob));
	return statement_run(&add, err);
}

static int
write_segments(struct segment_writer *writer, const struct stretch *stretch,
    struct error *err)
{
	struct groups *groups = writer->groups;

	for (int dimension = 0; dimension < SEGMENT_DIMENSIONS; dimension++) {
		make_groups(
		    writer, stretch, writer->columns->values[dimension]);
		for (uint32_t i = 0; i < groups->count; i++)
			if (write_group(writer, stretch,
				(enum segment_dimension)dimension,
				groups->order[i], err) == -1)
				return -1;
	}
	return 0;
}

/* --- sealing ---------------------------------------------------------------
 */

static void
measure(struct segment_writer *writer, struct stretch *stretch)
{
	struct segment_block *block = &stretch->block;

	block->min_time = UINT64_MAX;
	for (uint32_t i = stretch->from; i < stretch->to; i++) {
		usec_t time = writer->columns->times[i];

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
write_block(struct segment_writer *writer, const struct stretch *stretch,
    struct error *err)
{
	const struct segment_block *block = &stretch->block;
	struct statement add = statement_start(writer->statements,
	    stretch->is_recent ? SEGMENT_WRITER_ADD_RECENT_BLOCK
			       : SEGMENT_WRITER_ADD_BLOCK);

	buf_reset(&writer->blob);
	segment_encode_times(block, writer->columns->times + stretch->from,
	    stretch->to - stretch->from, &writer->blob);
	statement_bind_u64(&add, 1, block->first);
	statement_bind_u64(&add, 2, block->count);
	statement_bind_u64(&add, 3, block->min_time);
	statement_bind_u64(&add, 4, block->max_time);
	statement_bind_u64(&add, 5, block->recorded_at);
	statement_bind_blob(&add, 6, buf_slice(&writer->blob));
	return statement_run(&add, err);
}

static int
seal(struct segment_writer *writer, struct stretch *stretch, struct error *err)
{
	measure(writer, stretch);
	if (stretch->block.count == 0)
		return 0;
	if (write_segments(writer, stretch, err) == -1)
		return -1;
	return write_block(writer, stretch, err);
}

static int
seal_recent(
    struct segment_writer *writer, usec_t recorded_at, struct error *err)
{
	uint32_t from = (uint32_t)(writer->recent - writer->block);
	struct stretch stretch = {
		.from = from,
		.to = from + SEGMENT_RECENT,
		.is_recent = true,
		.block = { .first = writer->recent,
		    .size = SEGMENT_RECENT,
		    .recorded_at = recorded_at },
	};

	return seal(writer, &stretch, err);
}

/* The block's calls, in buckets. */
static int
write_calls(struct segment_writer *writer, struct error *err)
{
	const struct columns *columns = writer->columns;
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
		struct statement add;

		if (begin == begins[bucket])
			continue;
		buf_reset(&writer->blob);
		calls_encode(writer->block, bucket, calls + begin,
		    begins[bucket] - begin, &writer->blob);
		add = statement_start(
		    writer->statements, SEGMENT_WRITER_ADD_CALLS);
		statement_bind_u64(&add, 1, calls_id(writer->block, bucket));
		statement_bind_blob(&add, 2, buf_slice(&writer->blob));
		if (statement_run(&add, err) == -1)
			return -1;
	}
	return 0;
}

static int
run_all(struct segment_writer *writer, const int *statements, size_t count,
    struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		struct statement statement =
		    statement_start(writer->statements, statements[i]);

		if (statement_run(&statement, err) == -1)
			return -1;
	}
	return 0;
}

static int
clear_recent(struct segment_writer *writer, struct error *err)
{
	static const int statements[] = {
		SEGMENT_WRITER_CLEAR_RECENT_SEGMENTS,
		SEGMENT_WRITER_CLEAR_RECENT_BLOCKS,
		SEGMENT_WRITER_CLEAR_RECENT_CALLS,
	};

	return run_all(writer, statements,
	    sizeof(statements) / sizeof(statements[0]), err);
}

static int
seal_block(struct segment_writer *writer, usec_t recorded_at, struct error *err)
{
	struct stretch stretch = {
		.from = 0,
		.to = SEGMENT_BLOCK,
		.block = { .first = writer->block,
		    .size = SEGMENT_BLOCK,
		    .recorded_at = recorded_at },
	};

	if (seal(writer, &stretch, err) == -1 || write_calls(writer, err) == -1)
		return -1;
	return clear_recent(writer, err);
}

/* --- entries ---------------------------------------------------------------
 */

static void
begin_block(struct segment_writer *writer, uint64_t seq)
{
	struct columns *columns = writer->columns;

	writer->block = seq - seq % SEGMENT_BLOCK;
	memset(columns->times, 0xff, sizeof(columns->times));
	memset(columns->has_call, 0, sizeof(columns->has_call));
}

static int
write_recent_call(struct segment_writer *writer, uint32_t hash, uint64_t seq,
    struct error *err)
{
	struct statement add =
	    statement_start(writer->statements, SEGMENT_WRITER_ADD_RECENT_CALL);

	statement_bind_u64(&add, 1, hash);
	statement_bind_u64(&add, 2, seq);
	return statement_run(&add, err);
}

int
segment_writer_add(struct segment_writer *writer, const struct entry *entry,
    dictionary_id actor, dictionary_id capability, dictionary_id session,
    struct error *err)
{
	struct columns *columns = writer->columns;
	uint32_t(*values)[SEGMENT_BLOCK] = columns->values;
	uint64_t seq = entry->seq;
	uint32_t at = (uint32_t)(seq % SEGMENT_BLOCK);

	assert(seq >= writer->recent);
	if (seq - writer->block >= SEGMENT_BLOCK) {
		if (seal_block(writer, entry->recorded_at, err) == -1)
			return -1;
		begin_block(writer, seq);
	} else if (seq - writer->recent >= SEGMENT_RECENT &&
		   seal_recent(writer, entry->recorded_at, err) == -1) {
		return -1;
	}
	writer->recent = seq - seq % SEGMENT_RECENT;
	columns->times[at] = entry->time;
	values[SEGMENT_ACTOR_TYPE][at] = entry->actor;
	values[SEGMENT_ACTOR][at] = actor;
	values[SEGMENT_CAPABILITY][at] = capability;
	values[SEGMENT_SESSION][at] = session;
	values[SEGMENT_STATUS][at] = entry->status;
	values[SEGMENT_TIER][at] = entry->tier;
	values[SEGMENT_SOURCE][at] = entry->source;
	if (entry->call_id.data == NULL)
		return 0;
	columns->has_call[at] = true;
	columns->calls[at] = calls_hash(entry->call_id);
	return write_recent_call(writer, columns->calls[at], seq, err);
}

uint64_t
segment_writer_recent_seq(const struct segment_writer *writer)
{
	return writer->block;
}

uint64_t
segment_writer_tail_seq(const struct segment_writer *writer)
{
	return writer->recent;
}

/* --- life ------------------------------------------------------------------
 */

struct segment_writer *
segment_writer_new(struct database *database, struct error *err)
{
	struct segment_writer *writer = memory_new(sizeof(*writer));

	buf_init(&writer->blob);
	writer->columns = memory_new(sizeof(*writer->columns));
	writer->groups = memory_new(sizeof(*writer->groups));
	begin_block(writer, 0);
	writer->statements = statement_set_new(database,
	    segment_writer_statements, SEGMENT_WRITER_STATEMENTS, err);
	if (writer->statements == NULL) {
		segment_writer_free(writer);
		return NULL;
	}
	return writer;
}

void
segment_writer_free(struct segment_writer *writer)
{
	if (writer == NULL)
		return;
	statement_set_free(writer->statements);
	buf_free(&writer->blob);
	free(writer->groups);
	free(writer->columns);
	free(writer);
}

static void
take_row(struct segment_writer *writer, struct statement *rows)
{
	struct columns *columns = writer->columns;
	uint32_t(*values)[SEGMENT_BLOCK] = columns->values;
	uint64_t seq = statement_u64(rows, 0);
	unsigned kind = (unsigned)statement_u64(rows, 6);
	uint32_t at = (uint32_t)(seq % SEGMENT_BLOCK);

	/* A damaged page may hold a row of somewhere else. */
	if (seq - writer->block >= SEGMENT_BLOCK)
		return;
	columns->times[at] = statement_u64(rows, 1);
	values[SEGMENT_ACTOR][at] = (uint32_t)statement_u64(rows, 2);
	values[SEGMENT_CAPABILITY][at] = (uint32_t)statement_u64(rows, 3);
	values[SEGMENT_SESSION][at] = (uint32_t)statement_u64(rows, 4);
	values[SEGMENT_STATUS][at] = (uint32_t)statement_u64(rows, 5);
	values[SEGMENT_ACTOR_TYPE][at] = segment_kind_actor(kind);
	values[SEGMENT_TIER][at] = segment_kind_tier(kind);
	values[SEGMENT_SOURCE][at] = segment_kind_source(kind);
}

static int
load_calls(struct segment_writer *writer, struct error *err)
{
	struct statement rows =
	    statement_start(writer->statements, SEGMENT_WRITER_RECENT_CALLS);

	while (statement_next(&rows)) {
		uint64_t seq = statement_u64(&rows, 0);

		if (seq - writer->block >= SEGMENT_BLOCK)
			continue;
		writer->columns->has_call[seq % SEGMENT_BLOCK] = true;
		writer->columns->calls[seq % SEGMENT_BLOCK] =
		    (uint32_t)statement_u64(&rows, 1);
	}
	return statement_end(&rows, err);
}

int
segment_writer_load(struct segment_writer *writer, uint64_t recent_seq,
    uint64_t tail_seq, struct error *err)
{
	struct statement rows;

	if (recent_seq % SEGMENT_BLOCK != 0 || tail_seq % SEGMENT_RECENT != 0 ||
	    tail_seq - recent_seq >= SEGMENT_BLOCK)
		return error_set(err, ERROR_CORRUPT, "extent is damaged");
	begin_block(writer, recent_seq);
	writer->recent = tail_seq;
	rows = statement_start(writer->statements, SEGMENT_WRITER_ROWS);
	statement_bind_u64(&rows, 1, recent_seq);
	while (statement_next(&rows))
		take_row(writer, &rows);
	if (statement_end(&rows, err) == -1)
		return -1;
	return load_calls(writer, err);
}

int
segment_writer_clear(struct segment_writer *writer, struct error *err)
{
	static const int statements[] = {
		SEGMENT_WRITER_CLEAR_SEGMENTS,
		SEGMENT_WRITER_CLEAR_BLOCKS,
		SEGMENT_WRITER_CLEAR_CALLS,
	};

	if (clear_recent(writer, err) == -1 ||
	    run_all(writer, statements,
		sizeof(statements) / sizeof(statements[0]), err) == -1)
		return -1;
	begin_block(writer, 0);
	writer->recent = 0;
	return 0;
}
