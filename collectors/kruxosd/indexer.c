#include "collectors/kruxosd/indexer.h"

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/memory.h"
#include "base/text.h"
#include "collectors/kruxosd/aside.h"
#include "collectors/kruxosd/index_writer.h"
#include "collectors/kruxosd/log_feed.h"

#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

enum {
	BATCH_ENTRIES = 8192,
	BATCH_LOOK = 256, /* entries between two looks at the clock */
};

/* A batch ends after this time, so that what is in it is seen. */
#define BATCH_TIME (100 * USEC_PER_MSEC)
/* A quiet entry is committed at once, a stream of them together: batches do
 * not begin more often than this. */
#define BATCH_PAUSE (20 * USEC_PER_MSEC)
/* After a failure. */
#define RETRY_TIME USEC_PER_SEC
/* An index that lacks what is older than this is catching up. */
#define LAG_TIME USEC_PER_SEC

/* What building the index again takes of the disk, besides what the old one
 * leaves: the write-ahead log (database.h), as long as it was, at most … */
#define REBUILD_LOG_BYTES (64ULL << 20)
/* … and some for what grows otherwise. */
#define REBUILD_SPARE_BYTES (4ULL << 20)

enum trouble {
	TROUBLE_NONE,
	TROUBLE_LOCKED, /* by another process */
	TROUBLE_FAILURE,
};

struct indexer {
	char *data_dir, *path;
	struct clock *clock;
	int event;

	pthread_t thread;
	bool is_started;

	pthread_mutex_t mutex; /* of what follows */
	pthread_cond_t wake;
	uint64_t durable;
	uint64_t log_first_seq; /* indexer_forget(); 0: nothing was removed */
	bool stops, reindexes, forgets, is_rebuilding;
	char found[256]; /* that the index is damaged, of … */
	uint64_t found_generation;
	enum trouble trouble;
	char damage[256]; /* why it is being rebuilt; else "" */
	struct indexer_state state;

	/* The thread's. */
	struct index_writer *writer; /* NULL: could not be opened yet */
	struct log_feed *feed;
	uint64_t first_wanted; /* progress counts from here */
	usec_t batch_began;    /* CLOCK_MONOTONIC */
	usec_t batch_at;       /* CLOCK_BOOTTIME */
	usec_t recorded_at;    /* of the last entry that was added */
	uint64_t batch_durable;
};

/* --- what the thread says of itself ---------------------------------------
 */

static void
set_text(char ret_text[static 256], const char *text)
{
	size_t len = text_cut(slice_of(text), 255);

	memcpy(ret_text, text, len);
	ret_text[len] = '\0';
}

/* The state has moved: the main loop hears of it. */
static void
tell(struct indexer *indexer)
{
	uint64_t one = 1;

	/* Full after 2^64 - 2 writes that nobody read. */
	if (write(indexer->event, &one, sizeof(one)) == -1)
		diag(DIAG_WARNING, "index: eventfd: %m");
}

static void
copy_extent(struct indexer *indexer)
{
	struct indexer_state *state = &indexer->state;
	const struct index_extent *extent;

	if (indexer->writer == NULL)
		return;
	extent = index_writer_extent(indexer->writer);
	state->index_seq = extent->last_seq;
	state->generation = extent->generation;
	memcpy(state->index_hash, extent->last_hash, SHA256_BYTES);
}

/* What is missing was recorded after what is there. */
static void
note_lag(struct indexer *indexer)
{
	usec_t now = clock_realtime(indexer->clock);
	usec_t age =
	    now > indexer->recorded_at ? now - indexer->recorded_at : 0;
	usec_t boottime = clock_boottime(indexer->clock);

	if (boottime > age && boottime - age > indexer->state.behind_since)
		indexer->state.behind_since = boottime - age;
}

/* The batch is committed; `is_all`: it holds all that was durable when it
 * began. */
static void
publish(struct indexer *indexer, bool is_all)
{
	struct indexer_state *state = &indexer->state;

	pthread_mutex_lock(&indexer->mutex);
	indexer->trouble = TROUBLE_NONE;
	state->sentence[0] = '\0';
	copy_extent(indexer);
	if (!is_all) {
		note_lag(indexer);
	} else {
		state->behind_since = indexer->batch_durable >= indexer->durable
					  ? 0
					  : indexer->batch_at;
		if (!indexer->reindexes) {
			indexer->is_rebuilding = false;
			indexer->damage[0] = '\0';
		}
	}
	if (indexer->durable > indexer->first_wanted &&
	    state->index_seq >= indexer->first_wanted)
		state->progress =
		    (double)(state->index_seq - indexer->first_wanted) /
		    (double)(indexer->durable - indexer->first_wanted);
	pthread_mutex_unlock(&indexer->mutex);
	tell(indexer);
}

/* Say it once; a failure that lasts is said by the status page. */
static void
fail(struct indexer *indexer, const struct error *err)
{
	struct indexer_state *state = &indexer->state;

	if (indexer->trouble == TROUBLE_NONE ||
	    strcmp(state->sentence, err->sentence) != 0)
		diag(DIAG_ERROR, "index: %s", err->sentence);
	pthread_mutex_lock(&indexer->mutex);
	indexer->trouble =
	    err->code == ERROR_BUSY ? TROUBLE_LOCKED : TROUBLE_FAILURE;
	set_text(state->sentence, err->sentence);
	copy_extent(indexer);
	pthread_mutex_unlock(&indexer->mutex);
	tell(indexer);
}

static uint64_t
read_durable(struct indexer *indexer)
{
	uint64_t durable;

	pthread_mutex_lock(&indexer->mutex);
	durable = indexer->durable;
	pthread_mutex_unlock(&indexer->mutex);
	return durable;
}

static void
begin_rebuild(struct indexer *indexer)
{
	log_feed_leave(indexer->feed);
	indexer->first_wanted = 0;
	pthread_mutex_lock(&indexer->mutex);
	indexer->is_rebuilding = true;
	indexer->state.progress = 0;
	pthread_mutex_unlock(&indexer->mutex);
}

/* --- the database's file --------------------------------------------------
 */

static void
put_aside(struct indexer *indexer, const struct error *why)
{
	cleanup(buf_free) struct buf words = BUF_INIT;
	char time[CLOCK_TEXT_SIZE];

	index_writer_close(indexer->writer);
	indexer->writer = NULL;
	aside_put(indexer->path, indexer->clock, time);
	buf_addf(&words,
	    "%.120s; it is kept as kruxos.db.damaged-%s and built again from "
	    "the log",
	    why->sentence, time);
	diag(DIAG_ERROR, "index: %s", words.data);
	begin_rebuild(indexer);
	pthread_mutex_lock(&indexer->mutex);
	set_text(indexer->damage, words.data);
	pthread_mutex_unlock(&indexer->mutex);
}

/* A number that no index had before, damaged and deleted ones included. */
static uint64_t
new_generation(struct indexer *indexer)
{
	uint64_t before = indexer->state.generation;
	uint64_t now = clock_realtime(indexer->clock);

	return now > before ? now : before + 1;
}

static int
open_writer(struct indexer *indexer, struct error *err)
{
	indexer->writer = index_writer_open(indexer->path, err);
	if (indexer->writer == NULL &&
	    (err->code == ERROR_CORRUPT || err->code == ERROR_INVALID)) {
		put_aside(indexer, err);
		indexer->writer = index_writer_open(indexer->path, err);
	}
	if (indexer->writer == NULL)
		return -1;
	if (index_writer_extent(indexer->writer)->last_seq == 0) {
		begin_rebuild(indexer);
		return index_writer_clear(
		    indexer->writer, new_generation(indexer), err);
	}
	return 0;
}

/* Of its three files one is gone, or another has taken its place: readers
 * would go on with the old ones. */
static void
leave_file(struct indexer *indexer)
{
	struct error why;

	if (access(indexer->path, F_OK) == -1) {
		diag(DIAG_WARNING, "index: %s was deleted; it is built again",
		    indexer->path);
		index_writer_close(indexer->writer);
		indexer->writer = NULL;
		return;
	}
	error_set(&why, ERROR_CORRUPT,
	    "kruxos.db, its -wal or its -shm was replaced");
	put_aside(indexer, &why);
}

/* Stand in the log behind what the index holds. */
static int
stand(struct indexer *indexer, struct error *err)
{
	const struct index_extent *extent =
	    index_writer_extent(indexer->writer);
	uint64_t first_seq;
	bool is_ours;

	if (log_feed_stand(indexer->feed, extent->last_seq, extent->last_hash,
		read_durable(indexer), &is_ours, err) == -1 ||
	    log_feed_first_seq(indexer->feed, &first_seq, err) == -1)
		return -1;
	indexer->first_wanted = extent->last_seq;
	pthread_mutex_lock(&indexer->mutex);
	if (first_seq > indexer->log_first_seq)
		indexer->log_first_seq = first_seq;
	pthread_mutex_unlock(&indexer->mutex);
	if (is_ours)
		return 0;
	diag(DIAG_WARNING,
	    "index: made of another log than the one that is there; it is "
	    "built again");
	begin_rebuild(indexer);
	if (index_writer_clear(indexer->writer, new_generation(indexer), err) ==
	    -1)
		return -1;
	return log_feed_stand(indexer->feed, 0, extent->last_hash,
	    read_durable(indexer), &is_ours, err);
}

/* --- a batch --------------------------------------------------------------
 */

/* 1: there may be more; 0: all is in; -1. */
static int
fill_batch(struct indexer *indexer, uint64_t durable, struct error *err)
{
	struct index_writer *writer = indexer->writer;

	for (int added = 0; added < BATCH_ENTRIES; added++) {
		struct cursor_line line;
		struct entry entry;
		int result = log_feed_next(indexer->feed,
		    index_writer_extent(writer)->last_seq, durable, &line,
		    &entry, err);

		if (result != 1)
			return result;
		if (index_writer_add(writer, &entry, slice_of(line.file),
			line.offset, err) == -1)
			return -1;
		indexer->recorded_at = entry.recorded_at;
		if (added % BATCH_LOOK == BATCH_LOOK - 1 &&
		    clock_monotonic(&clock_system) - indexer->batch_began >
			BATCH_TIME)
			break;
	}
	return 1;
}

static void
recover(struct indexer *indexer, struct error *err)
{
	struct error again = { 0 };

	log_feed_leave(indexer->feed);
	if (err->code == ERROR_CORRUPT) {
		put_aside(indexer, err);
		tell(indexer);
		return;
	}
	if (index_writer_rollback(indexer->writer, &again) == -1) {
		index_writer_close(indexer->writer);
		indexer->writer = NULL;
	}
	fail(indexer, err);
}

/* Retention has taken the beginning of the log away. */
static void
forget(struct indexer *indexer)
{
	uint64_t first_seq;

	pthread_mutex_lock(&indexer->mutex);
	first_seq = indexer->log_first_seq;
	indexer->forgets = false;
	pthread_mutex_unlock(&indexer->mutex);
	index_writer_forget(indexer->writer, first_seq);
}

/* A step of taking out what is gone, now that all that came is in. 1: there is
 * more to do, 0, -1. */
static int
sweep(struct indexer *indexer)
{
	struct error err = { 0 };
	int result = index_writer_sweep(indexer->writer, &err);

	if (result != -1 &&
	    index_writer_checkpoint(indexer->writer, &err) == -1)
		result = -1;
	if (result == -1)
		recover(indexer, &err);
	return result;
}

/* One batch: 1: there may be more, 0: all is in, -1: it failed, wait. */
static int
index_batch(struct indexer *indexer)
{
	struct error err = { 0 };
	int result;

	if (indexer->writer != NULL && !index_writer_is_there(indexer->writer))
		leave_file(indexer);
	if ((indexer->writer == NULL && open_writer(indexer, &err) == -1) ||
	    (!log_feed_stands(indexer->feed) && stand(indexer, &err) == -1)) {
		/* The log's trouble is not the database's. */
		fail(indexer, &err);
		return -1;
	}
	indexer->batch_durable = read_durable(indexer);
	indexer->batch_began = clock_monotonic(&clock_system);
	indexer->batch_at = clock_boottime(indexer->clock);
	result = -1;
	if (index_writer_begin(indexer->writer, &err) == 0) {
		forget(indexer);
		result = fill_batch(indexer, indexer->batch_durable, &err);
	}
	if (result == -1 || index_writer_commit(indexer->writer, &err) == -1 ||
	    index_writer_checkpoint(indexer->writer, &err) == -1) {
		recover(indexer, &err);
		return -1;
	}
	publish(indexer, result == 0);
	return result == 0 ? sweep(indexer) : result;
}

/* --- building it again ----------------------------------------------------
 */

/* Once the index is empty there is no way back: it needs the room to grow
 * again. */
static int
check_room(struct indexer *indexer, struct error *err)
{
	struct statvfs disk;
	struct stat file;
	uint64_t needed, free_bytes;

	if (statvfs(indexer->data_dir, &disk) == -1 ||
	    stat(indexer->path, &file) == -1)
		return error_set_errno(err, "%s", indexer->path);
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
	    indexer->data_dir, (unsigned long long)(free_bytes >> 20),
	    (unsigned long long)(needed >> 20));
}

static void
refuse(struct indexer *indexer, const struct error *err)
{
	diag(DIAG_ERROR, "index: %s", err->sentence);
	pthread_mutex_lock(&indexer->mutex);
	set_text(indexer->state.refusal, err->sentence);
	pthread_mutex_unlock(&indexer->mutex);
}

/* Empty the index, or leave it as it is. */
static void
clear_index(struct indexer *indexer)
{
	struct error err = { 0 };

	if (indexer->writer == NULL) {
		/* It is opened, or made, by the next batch. */
		error_set(&err, ERROR_SYSTEM, "%s", indexer->state.sentence);
		refuse(indexer, &err);
	} else if (check_room(indexer, &err) == -1) {
		refuse(indexer, &err);
	} else if (index_writer_clear(
		       indexer->writer, new_generation(indexer), &err) == -1) {
		if (err.code != ERROR_CORRUPT)
			refuse(indexer, &err);
		recover(indexer, &err);
	} else {
		begin_rebuild(indexer);
	}
	pthread_mutex_lock(&indexer->mutex);
	indexer->reindexes = false;
	pthread_mutex_unlock(&indexer->mutex);
	tell(indexer);
}

/* It was found to be damaged; or was it another one? */
static void
leave_damaged(struct indexer *indexer)
{
	struct error why;
	bool is_this;

	pthread_mutex_lock(&indexer->mutex);
	error_set(&why, ERROR_CORRUPT, "%s", indexer->found);
	indexer->found[0] = '\0';
	is_this = indexer->found_generation == indexer->state.generation;
	pthread_mutex_unlock(&indexer->mutex);
	if (!is_this)
		return;
	put_aside(indexer, &why);
	tell(indexer);
}

/* --- the thread -----------------------------------------------------------
 */

enum order { ORDER_INDEX, ORDER_REINDEX, ORDER_DAMAGED, ORDER_STOP };

/* Wait at most `time` to be woken; the mutex is held. */
static void
wait_for(struct indexer *indexer, usec_t time)
{
	struct timespec until;
	usec_t end;

	clock_gettime(CLOCK_MONOTONIC, &until);
	end = (usec_t)until.tv_sec * USEC_PER_SEC +
	      (usec_t)until.tv_nsec / 1000 + time;
	until.tv_sec = (time_t)(end / USEC_PER_SEC);
	until.tv_nsec = (long)(end % USEC_PER_SEC) * 1000;
	pthread_cond_timedwait(&indexer->wake, &indexer->mutex, &until);
}

/* What is to be done next, when it is time for it. `result` is that of the
 * last batch. */
static enum order
next_order(struct indexer *indexer, int result)
{
	enum order order = ORDER_INDEX;

	pthread_mutex_lock(&indexer->mutex);
	if (result == -1) {
		if (!indexer->stops)
			wait_for(indexer, RETRY_TIME);
	} else if (result == 0) {
		uint64_t seen = indexer->batch_durable;

		while (!indexer->stops && !indexer->reindexes &&
		       !indexer->forgets && indexer->found[0] == '\0' &&
		       indexer->durable == seen)
			pthread_cond_wait(&indexer->wake, &indexer->mutex);
		while (!indexer->stops && !indexer->reindexes &&
		       indexer->durable < seen + BATCH_ENTRIES) {
			usec_t since = clock_monotonic(&clock_system) -
				       indexer->batch_began;

			if (since >= BATCH_PAUSE)
				break;
			wait_for(indexer, BATCH_PAUSE - since);
		}
	}
	if (indexer->stops)
		order = ORDER_STOP;
	else if (indexer->reindexes)
		order = ORDER_REINDEX;
	else if (indexer->found[0] != '\0')
		order = ORDER_DAMAGED;
	pthread_mutex_unlock(&indexer->mutex);
	return order;
}

static void *
run(void *context)
{
	struct indexer *indexer = context;
	int result = 1;

	for (;;) {
		enum order order = next_order(indexer, result);

		if (order == ORDER_STOP)
			return NULL;
		if (order == ORDER_REINDEX)
			clear_index(indexer);
		else if (order == ORDER_DAMAGED)
			leave_damaged(indexer);
		result = index_batch(indexer);
	}
}

/* --- the main thread's side -----------------------------------------------
 */

static char *
join(const char *folder, const char *name)
{
	struct buf path = BUF_INIT;

	buf_addf(&path, "%s%s", folder, name);
	return buf_detach(&path);
}

static void
init_locks(struct indexer *indexer)
{
	pthread_condattr_t monotonic;

	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&indexer->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
	pthread_mutex_init(&indexer->mutex, NULL);
}

struct indexer *
indexer_new(const char *audit_dir, const char *data_dir, struct clock *clock,
    struct error *err)
{
	struct indexer *indexer = memory_new(sizeof(*indexer));
	struct error later = { 0 };

	init_locks(indexer);
	indexer->clock = clock;
	indexer->data_dir = join(data_dir, "");
	indexer->path = join(data_dir, "/kruxos.db");
	indexer->feed = log_feed_new(audit_dir);
	indexer->state.progress = 1;
	indexer->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (indexer->event == -1) {
		error_set_errno(err, "eventfd");
		goto fail;
	}
	if (access(data_dir, W_OK | X_OK) == -1 && errno != EROFS) {
		error_set_errno(err, "%s", data_dir);
		goto fail;
	}
	if (open_writer(indexer, &later) == -1)
		fail(indexer, &later);
	else
		publish(indexer, false);
	return indexer;
fail:
	indexer_free(indexer);
	return NULL;
}

int
indexer_start(struct indexer *indexer, struct error *err)
{
	sigset_t all, before;

	/* Signals are the main thread's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	errno = pthread_create(&indexer->thread, NULL, run, indexer);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (errno != 0)
		return error_set_errno(err, "index: starting its thread");
	indexer->is_started = true;
	return 0;
}

void
indexer_durable(struct indexer *indexer, uint64_t seq)
{
	pthread_mutex_lock(&indexer->mutex);
	indexer->durable = seq;
	if (indexer->state.behind_since == 0 && seq > indexer->state.index_seq)
		indexer->state.behind_since = clock_boottime(indexer->clock);
	pthread_cond_signal(&indexer->wake);
	pthread_mutex_unlock(&indexer->mutex);
}

static enum status_index
judge(const struct indexer *indexer)
{
	usec_t since = indexer->state.behind_since;

	if (indexer->trouble == TROUBLE_FAILURE)
		return STATUS_INDEX_FAILING;
	if (indexer->is_rebuilding || indexer->reindexes)
		return STATUS_INDEX_REBUILDING;
	return since != 0 && clock_boottime(indexer->clock) > since + LAG_TIME
		   ? STATUS_INDEX_CATCHING_UP
		   : STATUS_INDEX_CURRENT;
}

void
indexer_get(struct indexer *indexer, struct indexer_state *ret_state)
{
	pthread_mutex_lock(&indexer->mutex);
	*ret_state = indexer->state;
	ret_state->status = judge(indexer);
	if (ret_state->sentence[0] == '\0')
		memcpy(ret_state->sentence, indexer->damage,
		    sizeof(indexer->damage));
	pthread_mutex_unlock(&indexer->mutex);
}

int
indexer_fd(const struct indexer *indexer)
{
	return indexer->event;
}

void
indexer_found_damage(
    struct indexer *indexer, uint64_t generation, const char *sentence)
{
	pthread_mutex_lock(&indexer->mutex);
	indexer->found_generation = generation;
	set_text(indexer->found, sentence);
	pthread_cond_signal(&indexer->wake);
	pthread_mutex_unlock(&indexer->mutex);
}

void
indexer_forget(struct indexer *indexer, uint64_t first_seq)
{
	pthread_mutex_lock(&indexer->mutex);
	indexer->log_first_seq = first_seq;
	indexer->forgets = true;
	pthread_cond_signal(&indexer->wake);
	pthread_mutex_unlock(&indexer->mutex);
}

void
indexer_reindex(struct indexer *indexer)
{
	pthread_mutex_lock(&indexer->mutex);
	indexer->reindexes = true;
	indexer->state.refusal[0] = '\0';
	indexer->state.progress = 0;
	pthread_cond_signal(&indexer->wake);
	pthread_mutex_unlock(&indexer->mutex);
}

void
indexer_stop(struct indexer *indexer)
{
	if (!indexer->is_started)
		return;
	pthread_mutex_lock(&indexer->mutex);
	indexer->stops = true;
	pthread_cond_signal(&indexer->wake);
	pthread_mutex_unlock(&indexer->mutex);
	pthread_join(indexer->thread, NULL);
	indexer->is_started = false;
}

void
indexer_free(struct indexer *indexer)
{
	if (indexer == NULL)
		return;
	indexer_stop(indexer);
	index_writer_close(indexer->writer);
	log_feed_free(indexer->feed);
	if (indexer->event != -1)
		close(indexer->event);
	pthread_cond_destroy(&indexer->wake);
	pthread_mutex_destroy(&indexer->mutex);
	free(indexer->path);
	free(indexer->data_dir);
	free(indexer);
}
