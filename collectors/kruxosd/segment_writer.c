#include "collectors/kruxosd/segment_writer.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "collectors/kruxosd/columns.h"
#include "sql/segment_writer.h"
#include "store/calls.h"

#include <assert.h>

struct segment_writer {
	struct statement_set *statements;
	struct columns *columns; /* the block under way */
	uint64_t recent;	 /* first seq of the recent one under way */
};

DEFINE_CLEANUP(struct columns *, columns_free);

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

/* --- sealing ------------------------------------------------------------ */

static int
write_piece(void *context, const struct columns_piece *piece, struct error *err)
{
	static const int statements[][2] = {
		[COLUMNS_SEGMENT] = { SEGMENT_WRITER_ADD_SEGMENT,
		    SEGMENT_WRITER_ADD_RECENT_SEGMENT },
		[COLUMNS_BLOCK] = { SEGMENT_WRITER_ADD_BLOCK,
		    SEGMENT_WRITER_ADD_RECENT_BLOCK },
		[COLUMNS_CALLS] = { SEGMENT_WRITER_ADD_CALLS },
	};
	struct segment_writer *writer = context;
	struct statement add = statement_start(
	    writer->statements, statements[piece->kind][piece->is_recent]);
	int blob = 2;

	statement_bind_u64(&add, 1, piece->id);
	if (piece->kind != COLUMNS_CALLS)
		statement_bind_u64(&add, blob++, piece->count);
	if (piece->kind == COLUMNS_BLOCK) {
		statement_bind_u64(&add, blob++, piece->block->min_time);
		statement_bind_u64(&add, blob++, piece->block->max_time);
		statement_bind_u64(&add, blob++, piece->block->recorded_at);
	}
	statement_bind_blob(&add, blob, piece->blob);
	return statement_run(&add, err);
}

static int
seal_block(struct segment_writer *writer, usec_t recorded_at, struct error *err)
{
	if (columns_each(
		writer->columns, recorded_at, write_piece, writer, err) == -1)
		return -1;
	return clear_recent(writer, err);
}

/* --- entries ------------------------------------------------------------ */

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
	uint64_t seq = entry->seq;
	struct columns_entry added = {
		.seq = seq,
		.time = entry->time,
		.values = {
		    [SEGMENT_ACTOR_TYPE] = entry->actor,
		    [SEGMENT_ACTOR] = actor,
		    [SEGMENT_CAPABILITY] = capability,
		    [SEGMENT_SESSION] = session,
		    [SEGMENT_STATUS] = entry->status,
		    [SEGMENT_TIER] = entry->tier,
		    [SEGMENT_SOURCE] = entry->source,
		},
		.has_call = entry->call_id.data != NULL,
	};

	assert(seq >= writer->recent);
	if (seq - columns_first(writer->columns) >= SEGMENT_BLOCK) {
		if (seal_block(writer, entry->recorded_at, err) == -1)
			return -1;
		columns_begin(writer->columns, seq - seq % SEGMENT_BLOCK);
	} else if (seq - writer->recent >= SEGMENT_RECENT &&
		   columns_each_recent(writer->columns, writer->recent,
		       entry->recorded_at, write_piece, writer, err) == -1) {
		return -1;
	}
	writer->recent = seq - seq % SEGMENT_RECENT;
	if (added.has_call)
		added.call = calls_hash(entry->call_id);
	columns_set(writer->columns, &added);
	return added.has_call ? write_recent_call(writer, added.call, seq, err)
			      : 0;
}

uint64_t
segment_writer_recent_seq(const struct segment_writer *writer)
{
	return columns_first(writer->columns);
}

uint64_t
segment_writer_tail_seq(const struct segment_writer *writer)
{
	return writer->recent;
}

/* --- from the rows ------------------------------------------------------ */

/* A damaged page may hold a row of somewhere else: false. */
static bool
read_row(struct statement *rows, uint64_t first, struct columns_entry *entry)
{
	unsigned kind = (unsigned)statement_u64(rows, 6);

	*entry = (struct columns_entry){
		.seq = statement_u64(rows, 0),
		.time = statement_u64(rows, 1),
		.values = {
		    [SEGMENT_ACTOR_TYPE] = segment_kind_actor(kind),
		    [SEGMENT_ACTOR] = (uint32_t)statement_u64(rows, 2),
		    [SEGMENT_CAPABILITY] = (uint32_t)statement_u64(rows, 3),
		    [SEGMENT_SESSION] = (uint32_t)statement_u64(rows, 4),
		    [SEGMENT_STATUS] = (uint32_t)statement_u64(rows, 5),
		    [SEGMENT_TIER] = segment_kind_tier(kind),
		    [SEGMENT_SOURCE] = segment_kind_source(kind),
		},
	};
	return entry->seq - first < SEGMENT_BLOCK;
}

/* The entries from `seq` on of the block of the columns. */
static int
load_rows(struct segment_writer *writer, struct columns *columns, uint64_t seq,
    struct error *err)
{
	struct statement rows =
	    statement_start(writer->statements, SEGMENT_WRITER_ROWS);
	uint64_t first = columns_first(columns);
	struct columns_entry entry;

	statement_bind_u64(&rows, 1, seq);
	statement_bind_u64(&rows, 2, first + SEGMENT_BLOCK - 1);
	while (statement_next(&rows))
		if (read_row(&rows, first, &entry))
			columns_set(columns, &entry);
	return statement_end(&rows, err);
}

static int
load_recent_calls(struct segment_writer *writer, struct error *err)
{
	struct statement rows =
	    statement_start(writer->statements, SEGMENT_WRITER_RECENT_CALLS);

	while (statement_next(&rows)) {
		uint64_t seq = statement_u64(&rows, 0);

		if (seq - columns_first(writer->columns) < SEGMENT_BLOCK)
			columns_set_call(writer->columns, seq,
			    (uint32_t)statement_u64(&rows, 1));
	}
	return statement_end(&rows, err);
}

int
segment_writer_load(struct segment_writer *writer, uint64_t recent_seq,
    uint64_t tail_seq, struct error *err)
{
	if (recent_seq % SEGMENT_BLOCK != 0 || tail_seq % SEGMENT_RECENT != 0 ||
	    tail_seq - recent_seq >= SEGMENT_BLOCK)
		return error_set(err, ERROR_CORRUPT, "extent is damaged");
	columns_begin(writer->columns, recent_seq);
	writer->recent = tail_seq;
	if (load_rows(writer, writer->columns, recent_seq, err) == -1)
		return -1;
	return load_recent_calls(writer, err);
}

/* --- what retention took ------------------------------------------------ */

/* Run a statement for a block and a range of its seqs. */
static int
run_for(struct segment_writer *writer, int statement, uint64_t block,
    uint64_t from, uint64_t last, struct error *err)
{
	struct statement run = statement_start(writer->statements, statement);

	statement_bind_u64(&run, 1, block);
	statement_bind_u64(&run, 2, from);
	statement_bind_u64(&run, 3, last);
	return statement_run(&run, err);
}

/* The calls of a sealed block from `seq` on. */
static int
load_calls(struct segment_writer *writer, struct columns *columns, uint64_t seq,
    struct error *err)
{
	uint64_t first = columns_first(columns);
	struct statement rows =
	    statement_start(writer->statements, SEGMENT_WRITER_CALLS);
	bool is_good = true;

	statement_bind_u64(&rows, 1, calls_id(first, 0));
	statement_bind_u64(&rows, 2, calls_id(first, CALLS_BUCKETS - 1));
	while (is_good && statement_next(&rows)) {
		unsigned bucket =
		    (unsigned)(statement_u64(&rows, 0) % CALLS_BUCKETS);
		struct slice blob = statement_blob(&rows, 1);
		struct calls_call call;

		is_good = calls_are_good(first, bucket, blob);
		for (size_t i = 0; is_good && calls_read(blob, i, &call); i++)
			if (first + call.position >= seq)
				columns_set_call(
				    columns, first + call.position, call.hash);
	}
	if (statement_end(&rows, err) == -1)
		return -1;
	if (!is_good)
		return error_set(err, ERROR_CORRUPT,
		    "the calls of block %llu are damaged",
		    (unsigned long long)first);
	return 0;
}

static int
read_recorded_at(struct segment_writer *writer, int statement, uint64_t first,
    usec_t *ret_at, struct error *err)
{
	struct statement find = statement_start(writer->statements, statement);

	statement_bind_u64(&find, 1, first);
	*ret_at = statement_next(&find) ? statement_u64(&find, 0) : 0;
	return statement_end(&find, err);
}

/* A sealed block, of which the entries before `seq` go. */
static int
forget_sealed(struct segment_writer *writer, uint64_t first, uint64_t seq,
    struct error *err)
{
	cleanup(columns_freep) struct columns *left = NULL;
	uint64_t last = first + SEGMENT_BLOCK - 1;
	usec_t recorded_at;

	if (seq <= last) {
		left = columns_new();
		columns_begin(left, first);
		if (load_rows(writer, left, seq, err) == -1 ||
		    load_calls(writer, left, seq, err) == -1)
			return -1;
	}
	if (read_recorded_at(writer, SEGMENT_WRITER_BLOCK_RECORDED_AT, first,
		&recorded_at, err) == -1 ||
	    run_for(writer, SEGMENT_WRITER_DROP_SEGMENTS, first / SEGMENT_BLOCK,
		first, last, err) == -1 ||
	    run_for(writer, SEGMENT_WRITER_DROP_BLOCK, 0, first, first, err) ==
		-1 ||
	    run_for(writer, SEGMENT_WRITER_DROP_CALLS, 0, calls_id(first, 0),
		calls_id(first, CALLS_BUCKETS - 1), err) == -1)
		return -1;
	return left == NULL
		   ? 0
		   : columns_each(left, recorded_at, write_piece, writer, err);
}

/* A recent block, likewise; what is left of it is in the columns. */
static int
forget_recent(struct segment_writer *writer, uint64_t first, uint64_t seq,
    struct error *err)
{
	uint64_t last = first + SEGMENT_RECENT - 1;
	usec_t recorded_at;

	if (read_recorded_at(writer, SEGMENT_WRITER_RECENT_RECORDED_AT, first,
		&recorded_at, err) == -1 ||
	    run_for(writer, SEGMENT_WRITER_DROP_RECENT_SEGMENTS,
		first / SEGMENT_RECENT, first, last, err) == -1 ||
	    run_for(writer, SEGMENT_WRITER_DROP_RECENT_BLOCK, 0, first, first,
		err) == -1)
		return -1;
	return seq > last ? 0
			  : columns_each_recent(writer->columns, first,
				recorded_at, write_piece, writer, err);
}

int
segment_writer_forget(struct segment_writer *writer, uint64_t from,
    uint64_t seq, struct error *err)
{
	uint64_t first = from - from % SEGMENT_BLOCK;

	if (first < columns_first(writer->columns))
		return forget_sealed(writer, first, seq, err);
	/* The block under way: its recent ones, and its tail. */
	columns_forget(writer->columns, seq);
	first = from - from % SEGMENT_RECENT;
	for (; first < seq && first < writer->recent; first += SEGMENT_RECENT)
		if (forget_recent(writer, first, seq, err) == -1)
			return -1;
	return run_for(
	    writer, SEGMENT_WRITER_DROP_RECENT_CALLS, 0, 0, seq, err);
}

/* --- life --------------------------------------------------------------- */

struct segment_writer *
segment_writer_new(struct database *database, struct error *err)
{
	struct segment_writer *writer = memory_new(sizeof(*writer));

	writer->columns = columns_new();
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
	columns_free(writer->columns);
	free(writer);
}

void
segment_writer_trim(struct segment_writer *writer)
{
	columns_trim(writer->columns);
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
	columns_begin(writer->columns, 0);
	writer->recent = 0;
	return 0;
}
