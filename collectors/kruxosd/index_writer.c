#include "collectors/kruxosd/index_writer.h"

#include "base/memory.h"
#include "collectors/kruxosd/dictionary_writer.h"
#include "collectors/kruxosd/index_row.h"
#include "collectors/kruxosd/projection.h"
#include "collectors/kruxosd/segment_writer.h"
#include "sql/index_writer.h"
#include "sql/schema_kruxos.h"

#include <assert.h>

struct index_writer {
	struct database *database;
	struct statement_set *statements;
	struct dictionary_writer *dictionary;
	struct segment_writer *segments;
	struct projection *projection;
	struct index_extent extent; /* with the batch at hand */
	uint64_t swept_seq;	    /* nothing of what was before it is left */
};

static int
run(struct index_writer *writer, int index, struct error *err)
{
	struct statement statement = statement_start(writer->statements, index);

	return statement_run(&statement, err);
}

static int
read_extent(struct index_writer *writer, struct error *err)
{
	struct statement find =
	    statement_start(writer->statements, INDEX_WRITER_EXTENT);
	struct index_extent extent = { 0 };
	struct slice hash;
	bool is_good = statement_next(&find);

	if (is_good) {
		extent.generation = statement_u64(&find, 0);
		extent.first_seq = statement_u64(&find, 1);
		extent.last_seq = statement_u64(&find, 2);
		hash = statement_blob(&find, 3);
		is_good = hash.len == sizeof(extent.last_hash);
		if (is_good)
			memcpy(extent.last_hash, hash.data, hash.len);
		extent.recent_seq = statement_u64(&find, 4);
		extent.tail_seq = statement_u64(&find, 5);
	}
	if (statement_end(&find, err) == -1)
		return -1;
	if (!is_good || extent.recent_seq > extent.tail_seq ||
	    extent.tail_seq > extent.last_seq + 1 ||
	    extent.last_seq >= INT64_MAX)
		return error_set(err, ERROR_CORRUPT, "extent is damaged");
	writer->extent = extent;
	return 0;
}

static int
write_extent(struct index_writer *writer, struct error *err)
{
	struct statement set =
	    statement_start(writer->statements, INDEX_WRITER_SET_EXTENT);
	const struct index_extent *extent = &writer->extent;

	statement_bind_u64(&set, 1, extent->generation);
	statement_bind_u64(&set, 2, extent->first_seq);
	statement_bind_u64(&set, 3, extent->last_seq);
	statement_bind_blob(&set, 4,
	    (struct slice){
		(const char *)extent->last_hash, sizeof(extent->last_hash) });
	statement_bind_u64(&set, 5, extent->recent_seq);
	statement_bind_u64(&set, 6, extent->tail_seq);
	return statement_run(&set, err);
}

/* Stand where the database stands. */
static int
load(struct index_writer *writer, struct error *err)
{
	if (read_extent(writer, err) == -1)
		return -1;
	return segment_writer_load(writer->segments, writer->extent.recent_seq,
	    writer->extent.tail_seq, err);
}

struct index_writer *
index_writer_open(const char *path, struct error *err)
{
	struct index_writer *writer = memory_new(sizeof(*writer));

	writer->database = database_open(path, DATABASE_WRITE_LATER, err);
	if (writer->database == NULL) {
		free(writer);
		return NULL;
	}
	if (database_migrate(writer->database, &schema_kruxos, err) == -1)
		goto fail;
	writer->statements = statement_set_new(writer->database,
	    index_writer_statements, INDEX_WRITER_STATEMENTS, err);
	if (writer->statements == NULL)
		goto fail;
	writer->dictionary = dictionary_writer_new(writer->database, err);
	if (writer->dictionary == NULL)
		goto fail;
	writer->projection = projection_new(writer->database, err);
	if (writer->projection == NULL)
		goto fail;
	writer->segments = segment_writer_new(writer->database, err);
	if (writer->segments == NULL || load(writer, err) == -1)
		goto fail;
	return writer;
fail:
	error_prefix(err, "%s", path);
	index_writer_close(writer);
	return NULL;
}

void
index_writer_close(struct index_writer *writer)
{
	if (writer == NULL)
		return;
	segment_writer_free(writer->segments);
	projection_free(writer->projection);
	dictionary_writer_free(writer->dictionary);
	statement_set_free(writer->statements);
	database_close(writer->database);
	free(writer);
}

const struct index_extent *
index_writer_extent(const struct index_writer *writer)
{
	return &writer->extent;
}

bool
index_writer_is_there(struct index_writer *writer)
{
	return database_is_there(writer->database);
}

int
index_writer_begin(struct index_writer *writer, struct error *err)
{
	return run(writer, INDEX_WRITER_BEGIN, err);
}

/* --- an entry ----------------------------------------------------------- */

static int
look_up_names(struct index_writer *writer, const struct entry *entry,
    struct slice file, struct projection_entry *row, struct error *err)
{
	if (dictionary_writer_file(writer->dictionary, file, &row->file, err) ==
		-1 ||
	    dictionary_writer_actor(writer->dictionary, entry->actor,
		entry->actor_name, &row->actor, err) == -1 ||
	    dictionary_writer_capability(writer->dictionary, entry->capability,
		&row->capability, err) == -1)
		return -1;
	row->session = 0;
	if (entry->session_id.data == NULL)
		return 0;
	return dictionary_writer_session(
	    writer->dictionary, entry->session_id, &row->session, err);
}

static int
add_row(struct index_writer *writer, const struct projection_entry *added,
    uint64_t offset, struct error *err)
{
	struct statement add =
	    statement_start(writer->statements, INDEX_WRITER_ADD_ENTRY);
	struct index_row row;

	index_row_make(added->entry, offset, &row);
	statement_bind_u64(&add, 1, row.seq);
	statement_bind_u64(&add, 2, row.time);
	statement_bind_u64(&add, 3, added->file);
	statement_bind_u64(&add, 4, row.offset);
	statement_bind_i64(&add, 5, row.payload);
	statement_bind_u64(&add, 6, added->actor);
	statement_bind_u64(&add, 7, added->capability);
	statement_bind_u64(&add, 8, added->session);
	statement_bind_u64(&add, 9, row.status);
	statement_bind_u64(&add, 10, row.kind);
	if (row.is_timed)
		statement_bind_i64(&add, 11, row.duration);
	else
		statement_bind_null(&add, 11);
	return statement_run(&add, err);
}

int
index_writer_add(struct index_writer *writer, const struct entry *entry,
    struct slice file, uint64_t offset, struct error *err)
{
	struct index_extent *extent = &writer->extent;
	struct projection_entry row = { .entry = entry };

	assert(entry->seq > extent->last_seq);
	if (entry->seq >= INT64_MAX || offset > INT64_MAX)
		return error_set(err, ERROR_CORRUPT,
		    "entry %llu: beyond what the index can count",
		    (unsigned long long)entry->seq);
	if (look_up_names(writer, entry, file, &row, err) == -1 ||
	    add_row(writer, &row, offset, err) == -1 ||
	    segment_writer_add(writer->segments, entry, row.actor,
		row.capability, row.session, err) == -1 ||
	    projection_add(writer->projection, &row, err) == -1)
		return -1;
	if (extent->last_seq == 0)
		extent->first_seq = entry->seq;
	extent->last_seq = entry->seq;
	extent->recent_seq = segment_writer_recent_seq(writer->segments);
	extent->tail_seq = segment_writer_tail_seq(writer->segments);
	memcpy(extent->last_hash, entry->entry_hash, SHA256_BYTES);
	return 0;
}

/* --- the end of a batch ------------------------------------------------- */

void
index_writer_forget(struct index_writer *writer, uint64_t first_seq)
{
	if (first_seq > writer->extent.first_seq)
		writer->extent.first_seq = first_seq;
}

/* The number that a statement without parameters gives; 0: none. */
static int
read_number(struct index_writer *writer, int index, uint64_t *ret_number,
    struct error *err)
{
	struct statement find = statement_start(writer->statements, index);

	*ret_number = statement_next(&find) ? statement_u64(&find, 0) : 0;
	return statement_end(&find, err);
}

static int
run_with(
    struct index_writer *writer, int index, uint64_t value, struct error *err)
{
	struct statement statement = statement_start(writer->statements, index);

	statement_bind_u64(&statement, 1, value);
	return statement_run(&statement, err);
}

/* The oldest block: its rows, and what is made of them. */
static int
sweep_block(struct index_writer *writer, uint64_t oldest, struct error *err)
{
	uint64_t end = oldest - oldest % SEGMENT_BLOCK + SEGMENT_BLOCK;
	uint64_t first_seq = writer->extent.first_seq;

	if (segment_writer_forget(writer->segments, oldest, first_seq, err) ==
	    -1)
		return -1;
	return run_with(writer, INDEX_WRITER_DROP_ENTRIES,
	    end < first_seq ? end : first_seq, err);
}

/* The sums of a file that is gone. */
static int
sweep_file(struct index_writer *writer, uint64_t file, struct error *err)
{
	int more = projection_forget(writer->projection, (dictionary_id)file,
	    writer->extent.first_seq, err);

	dictionary_writer_reset(writer->dictionary);
	if (more != 0)
		return more == 1 ? 0 : -1;
	return run_with(writer, INDEX_WRITER_DROP_FILE, file, err);
}

/* 1, 0: this was the last step, -1. */
static int
sweep(struct index_writer *writer, struct error *err)
{
	uint64_t oldest, file;

	if (read_number(writer, INDEX_WRITER_OLDEST, &oldest, err) == -1)
		return -1;
	if (oldest != 0 && oldest < writer->extent.first_seq)
		return sweep_block(writer, oldest, err) == -1 ? -1 : 1;
	if (read_number(writer, INDEX_WRITER_OLD_FILE, &file, err) == -1)
		return -1;
	if (file != 0)
		return sweep_file(writer, file, err) == -1 ? -1 : 1;
	dictionary_writer_reset(writer->dictionary);
	return run_with(writer, INDEX_WRITER_DROP_CAPABILITIES,
	    writer->extent.tail_seq, err);
}

int
index_writer_sweep(struct index_writer *writer, struct error *err)
{
	int more;

	if (writer->swept_seq == writer->extent.first_seq)
		return 0;
	if (index_writer_begin(writer, err) == -1)
		return -1;
	more = sweep(writer, err);
	if (more == -1 || index_writer_commit(writer, err) == -1)
		return -1;
	if (more == 0)
		writer->swept_seq = writer->extent.first_seq;
	return more;
}

int
index_writer_commit(struct index_writer *writer, struct error *err)
{
	if (projection_flush(writer->projection, err) == -1 ||
	    write_extent(writer, err) == -1 ||
	    run(writer, INDEX_WRITER_COMMIT, err) == -1)
		return -1;
	return 0;
}

void
index_writer_shrink(struct index_writer *writer)
{
	database_shrink(writer->database);
	segment_writer_trim(writer->segments);
}

int
index_writer_checkpoint(struct index_writer *writer, struct error *err)
{
	return database_checkpoint(writer->database, err);
}

int
index_writer_rollback(struct index_writer *writer, struct error *err)
{
	dictionary_writer_reset(writer->dictionary);
	/* SQLite may have done so already. */
	if (sqlite3_get_autocommit(database_handle(writer->database)) == 0 &&
	    run(writer, INDEX_WRITER_ROLLBACK, err) == -1)
		return -1;
	if (projection_reset(writer->projection, err) == -1)
		return -1;
	return load(writer, err);
}

static int
clear(struct index_writer *writer, uint64_t generation, struct error *err)
{
	static const int tables[] = {
		INDEX_WRITER_CLEAR_ENTRIES,
		INDEX_WRITER_CLEAR_FILES,
		INDEX_WRITER_CLEAR_CAPABILITIES,
		INDEX_WRITER_CLEAR_ACTORS,
		INDEX_WRITER_CLEAR_SESSIONS,
	};

	if (index_writer_begin(writer, err) == -1)
		return -1;
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		if (run(writer, tables[i], err) == -1)
			return -1;
	dictionary_writer_reset(writer->dictionary);
	if (projection_clear(writer->projection, err) == -1 ||
	    segment_writer_clear(writer->segments, err) == -1)
		return -1;
	writer->extent = (struct index_extent){
		.generation = generation,
		.first_seq = 1,
	};
	return index_writer_commit(writer, err);
}

int
index_writer_clear(
    struct index_writer *writer, uint64_t generation, struct error *err)
{
	struct error again;

	if (clear(writer, generation, err) == 0)
		return 0;
	/* If that fails, so does whatever is done next. */
	(void)index_writer_rollback(writer, &again);
	return -1;
}
