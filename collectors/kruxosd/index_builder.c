#include "collectors/kruxosd/index_builder.h"

#include "base/diag.h"
#include "base/memory.h"
#include "collectors/kruxosd/aside.h"
#include "collectors/kruxosd/log_feed.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <errno.h>
#include <unistd.h>

enum { BATCH_LOOK = 256 }; /* entries between two looks at the clock */

/* A batch ends after this time, so that what is in it is seen. */
#define BATCH_TIME (100 * USEC_PER_MSEC)

/* Pages that a flood has left in memory go after this time: too seldom for a
 * flood to notice, which reads them again. */
#define SHRINK_EVERY (10 * USEC_PER_SEC)

/* What building the index again takes of the disk, besides what the old one
 * leaves: the write-ahead log (database.h), as long as it was, at most … */
#define REBUILD_LOG_BYTES (64ULL << 20)
/* … and some for what grows otherwise. */
#define REBUILD_SPARE_BYTES (4ULL << 20)

struct index_builder {
	char *data_dir, *path;
	struct clock *clock;
	struct index_writer *writer; /* NULL: could not be opened yet */
	struct log_feed *feed;
	uint64_t generation; /* the last one that was given */
	usec_t batch_began;  /* CLOCK_MONOTONIC */
	usec_t shrunk_at;    /* likewise */
	struct index_builder_state state;
};

struct index_builder *
index_builder_new(
    const char *audit_dir, const char *data_dir, struct clock *clock)
{
	struct index_builder *builder = memory_new(sizeof(*builder));
	struct buf text = BUF_INIT;

	buf_add_str(&text, data_dir);
	builder->data_dir = buf_detach(&text);
	buf_addf(&text, "%s/kruxos.db", data_dir);
	builder->path = buf_detach(&text);
	builder->clock = clock;
	builder->feed = log_feed_new(audit_dir);
	return builder;
}

void
index_builder_free(struct index_builder *builder)
{
	if (builder == NULL)
		return;
	index_writer_close(builder->writer);
	log_feed_free(builder->feed);
	free(builder->path);
	free(builder->data_dir);
	free(builder);
}

const struct index_builder_state *
index_builder_state(struct index_builder *builder)
{
	if (builder->writer != NULL)
		builder->state.extent = *index_writer_extent(builder->writer);
	return &builder->state;
}

/* --- the database's file ------------------------------------------------ */

static void
begin_rebuild(struct index_builder *builder)
{
	log_feed_leave(builder->feed);
	builder->state.first_wanted = 0;
	builder->state.is_rebuilding = true;
}

static void
close_writer(struct index_builder *builder)
{
	index_builder_state(builder); /* the last that is known of it */
	index_writer_close(builder->writer);
	builder->writer = NULL;
}

void
index_builder_put_aside(struct index_builder *builder, const struct error *why)
{
	char *damage = builder->state.damage;
	char time[CLOCK_TEXT_SIZE];

	close_writer(builder);
	aside_put(builder->path, builder->clock, time);
	snprintf(damage, sizeof(builder->state.damage),
	    "%.120s; it is kept as kruxos.db.damaged-%s and built again from "
	    "the log",
	    why->sentence, time);
	diag(DIAG_ERROR, "index: %s", damage);
	begin_rebuild(builder);
}

/* A number that no index had before, damaged and deleted ones included. */
static uint64_t
new_generation(struct index_builder *builder)
{
	uint64_t now = clock_realtime(builder->clock);

	if (builder->writer != NULL &&
	    index_writer_extent(builder->writer)->generation >
		builder->generation)
		builder->generation =
		    index_writer_extent(builder->writer)->generation;
	if (now <= builder->generation)
		now = builder->generation + 1;
	builder->generation = now;
	return now;
}

static int
open_writer(struct index_builder *builder, struct error *err)
{
	builder->writer = index_writer_open(builder->path, err);
	if (builder->writer == NULL &&
	    (err->code == ERROR_CORRUPT || err->code == ERROR_INVALID)) {
		index_builder_put_aside(builder, err);
		builder->writer = index_writer_open(builder->path, err);
	}
	if (builder->writer == NULL)
		return -1;
	if (index_writer_extent(builder->writer)->last_seq == 0) {
		begin_rebuild(builder);
		return index_writer_clear(
		    builder->writer, new_generation(builder), err);
	}
	return 0;
}

/* Of its three files one is gone, or another has taken its place: readers
 * would go on with the old ones. */
static void
leave_file(struct index_builder *builder)
{
	struct error why;

	if (access(builder->path, F_OK) == -1) {
		diag(DIAG_WARNING, "index: %s was deleted; it is built again",
		    builder->path);
		close_writer(builder);
		return;
	}
	error_set(&why, ERROR_CORRUPT,
	    "kruxos.db, its -wal or its -shm was replaced");
	index_builder_put_aside(builder, &why);
}

int
index_builder_open(struct index_builder *builder, struct error *err)
{
	if (builder->writer != NULL && !index_writer_is_there(builder->writer))
		leave_file(builder);
	return builder->writer == NULL ? open_writer(builder, err) : 0;
}

/* --- a batch ------------------------------------------------------------ */

/* Stand in the log behind what the index holds. */
static int
stand(struct index_builder *builder, uint64_t durable, struct error *err)
{
	const struct index_extent *extent =
	    index_writer_extent(builder->writer);
	bool is_ours;

	if (log_feed_stand(builder->feed, extent->last_seq, extent->last_hash,
		durable, &is_ours, err) == -1 ||
	    log_feed_first_seq(
		builder->feed, &builder->state.log_first_seq, err) == -1)
		return -1;
	builder->state.first_wanted = extent->last_seq;
	if (is_ours)
		return 0;
	diag(DIAG_WARNING,
	    "index: made of another log than the one that is there; it is "
	    "built again");
	begin_rebuild(builder);
	if (index_writer_clear(builder->writer, new_generation(builder), err) ==
	    -1)
		return -1;
	return log_feed_stand(
	    builder->feed, 0, extent->last_hash, durable, &is_ours, err);
}

/* 1: there may be more; 0: all is in; -1. */
static int
fill_batch(struct index_builder *builder, uint64_t durable, struct error *err)
{
	struct index_writer *writer = builder->writer;

	for (int added = 0; added < INDEX_BUILDER_BATCH; added++) {
		struct cursor_line line;
		struct entry entry;
		int result = log_feed_next(builder->feed,
		    index_writer_extent(writer)->last_seq, durable, &line,
		    &entry, err);

		if (result != 1)
			return result;
		if (index_writer_add(writer, &entry, slice_of(line.file),
			line.offset, err) == -1)
			return -1;
		builder->state.recorded_at = entry.recorded_at;
		if (added % BATCH_LOOK == BATCH_LOOK - 1 &&
		    clock_monotonic(&clock_system) - builder->batch_began >
			BATCH_TIME)
			break;
	}
	return 1;
}

/* After a failure: as it was before the batch, or with another file. */
static void
recover(struct index_builder *builder, struct error *err)
{
	struct error again = { 0 };

	error_prefix(err, "%s", builder->path);
	log_feed_leave(builder->feed);
	if (err->code == ERROR_CORRUPT)
		index_builder_put_aside(builder, err);
	else if (index_writer_rollback(builder->writer, &again) == -1)
		close_writer(builder);
}

static void
shrink(struct index_builder *builder)
{
	if (builder->batch_began < builder->shrunk_at + SHRINK_EVERY)
		return;
	index_writer_shrink(builder->writer);
	builder->shrunk_at = builder->batch_began;
}

int
index_builder_batch(struct index_builder *builder, uint64_t durable,
    uint64_t first_seq, struct error *err)
{
	int result = -1;

	/* The log's trouble is not the database's. */
	if (index_builder_open(builder, err) == -1 ||
	    (!log_feed_stands(builder->feed) &&
		stand(builder, durable, err) == -1))
		return -1;
	if (first_seq < builder->state.log_first_seq)
		first_seq = builder->state.log_first_seq;
	builder->batch_began = clock_monotonic(&clock_system);
	if (index_writer_begin(builder->writer, err) == 0) {
		index_writer_forget(builder->writer, first_seq);
		result = fill_batch(builder, durable, err);
	}
	if (result == -1 || index_writer_commit(builder->writer, err) == -1 ||
	    index_writer_checkpoint(builder->writer, err) == -1) {
		recover(builder, err);
		return -1;
	}
	shrink(builder);
	return result;
}

int
index_builder_sweep(struct index_builder *builder, struct error *err)
{
	int result = index_writer_sweep(builder->writer, err);

	if (result != -1 && index_writer_checkpoint(builder->writer, err) == -1)
		result = -1;
	if (result == -1)
		recover(builder, err);
	return result;
}

void
index_builder_end_rebuild(struct index_builder *builder)
{
	builder->state.is_rebuilding = false;
	builder->state.damage[0] = '\0';
}

/* --- building it again -------------------------------------------------- */

/* Once the index is empty there is no way back: it needs the room to grow
 * again. */
static int
check_room(struct index_builder *builder, struct error *err)
{
	struct statvfs disk;
	struct stat file;
	uint64_t needed, free_bytes;

	if (statvfs(builder->data_dir, &disk) == -1 ||
	    stat(builder->path, &file) == -1)
		return error_set_errno(err, "%s", builder->path);
	needed = (uint64_t)file.st_size;
	if (needed > REBUILD_LOG_BYTES)
		needed = REBUILD_LOG_BYTES;
	needed += REBUILD_SPARE_BYTES;
	free_bytes = (uint64_t)disk.f_bavail * disk.f_frsize;
	if (free_bytes >= needed)
		return 0;
	errno = ENOSPC;
	return error_set_errno(err,
	    "%s: %llu MiB are free, %llu MiB are needed to build the index "
	    "again; it stays as it was",
	    builder->data_dir, (unsigned long long)(free_bytes >> 20),
	    (unsigned long long)(needed >> 20));
}

int
index_builder_clear(struct index_builder *builder, struct error *err)
{
	if (index_builder_open(builder, err) == -1 ||
	    check_room(builder, err) == -1)
		return -1;
	if (index_writer_clear(builder->writer, new_generation(builder), err) ==
	    0) {
		begin_rebuild(builder);
		return 0;
	}
	recover(builder, err);
	return err->code == ERROR_CORRUPT ? 0 : -1;
}
