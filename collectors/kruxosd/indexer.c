#include "collectors/kruxosd/indexer.h"

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/memory.h"
#include "base/text.h"
#include "collectors/kruxosd/aside.h"
#include "collectors/kruxosd/index_writer.h"
#include "log/cursor.h"
#include "store/calls.h"

#include <sys/eventfd.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

enum {
	BATCH_ENTRIES = 8192,
	BATCH_LOOK = 256, /* entries between two looks at the clock */
	/* Lines read to find a call: whoever gives many the same id may have
	 * them recorded twice. */
	LOOKS = 64,
};

/* A batch ends after this time, so that what is in it is seen. */
#define BATCH_TIME (100 * USEC_PER_MSEC)
/* A quiet entry is committed at once, a stream of them together: batches do
 * not begin more often than this. */
#define BATCH_PAUSE (20 * USEC_PER_MSEC)
/* After a failure. */
#define RETRY_TIME USEC_PER_SEC

struct indexer {
	char *audit_dir, *data_dir, *path;
	struct clock *clock;
	int event;

	pthread_t thread;
	bool is_started;

	pthread_mutex_t mutex; /* of what follows */
	pthread_cond_t wake;
	uint64_t durable;
	uint64_t log_first_seq; /* indexer_forget(); 0: nothing was removed */
	bool stops, reindexes;
	struct indexer_state state;

	struct store *store; /* the main thread's, for calls */

	/* The thread's. */
	struct index_writer *writer; /* NULL: could not be opened yet */
	struct cursor *cursor;	     /* NULL: not where the index ends */
	struct sha256 *sha256;
	uint64_t first_wanted; /* progress counts from here */
	uint64_t damaged_lines;
	usec_t batch_began; /* CLOCK_MONOTONIC */
	uint64_t batch_durable;
};

/* --- what the thread says of itself ---------------------------------------
 */

static void
publish(struct indexer *indexer, const struct error *err)
{
	struct indexer_state *state = &indexer->state;
	uint64_t one = 1;

	pthread_mutex_lock(&indexer->mutex);
	if (err != NULL) {
		size_t len = text_cut(
		    slice_of(err->sentence), sizeof(state->sentence) - 1);

		memcpy(state->sentence, err->sentence, len);
		state->sentence[len] = '\0';
		state->is_ok = false;
	} else {
		state->is_ok = true;
		state->sentence[0] = '\0';
	}
	if (indexer->writer != NULL) {
		const struct index_extent *extent =
		    index_writer_extent(indexer->writer);

		state->index_seq = extent->last_seq;
		state->generation = extent->generation;
		memcpy(state->index_hash, extent->last_hash, SHA256_BYTES);
		state->is_rebuilding &= extent->last_seq < indexer->durable;
	}
	if (!state->is_rebuilding)
		state->progress = 1;
	else if (indexer->durable > indexer->first_wanted)
		state->progress =
		    (double)(state->index_seq - indexer->first_wanted) /
		    (double)(indexer->durable - indexer->first_wanted);
	pthread_mutex_unlock(&indexer->mutex);
	/* Full after 2^64 - 2 writes that nobody read. */
	if (write(indexer->event, &one, sizeof(one)) == -1)
		diag(DIAG_WARNING, "index: eventfd: %m");
}

/* Say it once; a failure that lasts is said by the status page. */
static void
fail(struct indexer *indexer, const struct error *err)
{
	if (indexer->state.is_ok ||
	    strcmp(indexer->state.sentence, err->sentence) != 0)
		diag(DIAG_ERROR, "index: %s", err->sentence);
	publish(indexer, err);
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
	cursor_free(indexer->cursor);
	indexer->cursor = NULL;
	indexer->first_wanted = 0;
	pthread_mutex_lock(&indexer->mutex);
	indexer->state.is_rebuilding = true;
	indexer->state.progress = 0;
	pthread_mutex_unlock(&indexer->mutex);
}

/* --- the database's file --------------------------------------------------
 */

static void
put_aside(struct indexer *indexer, const struct error *why)
{
	char time[CLOCK_TEXT_SIZE];

	index_writer_close(indexer->writer);
	indexer->writer = NULL;
	aside_put(indexer->path, indexer->clock, time);
	diag(DIAG_ERROR,
	    "index: %s; it is kept as %s.damaged-%s and built again from the "
	    "log",
	    why->sentence, indexer->path, time);
	begin_rebuild(indexer);
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

/* --- standing at the right place of the log -------------------------------
 */

/* Is the last entry of the index that of the log? A line that is damaged or
 * gone says neither; a log that ends before it is another one. */
static int
is_of_this_log(struct indexer *indexer, struct cursor *cursor, bool *ret_is,
    struct error *err)
{
	const struct index_extent *extent =
	    index_writer_extent(indexer->writer);
	struct cursor_line line;
	struct entry entry;
	int result;

	if (cursor_seek(cursor, extent->last_seq, err) == -1)
		return -1;
	result = cursor_next(cursor, UINT64_MAX, &line, err);
	if (result == -1 && err->code != ERROR_CORRUPT)
		return -1;
	if (result == 0)
		*ret_is = read_durable(indexer) >= extent->last_seq;
	else if (result == -1 || line.seq != extent->last_seq ||
		 entry_parse(line.line, &entry, err) == -1)
		*ret_is = true;
	else
		*ret_is = memcmp(entry.entry_hash, extent->last_hash,
			      SHA256_BYTES) == 0;
	return 0;
}

static int
stand_behind_index(struct indexer *indexer, struct error *err)
{
	uint64_t last = index_writer_extent(indexer->writer)->last_seq;
	struct cursor *cursor = cursor_open(indexer->audit_dir, err);
	bool is_ours = true;

	if (cursor == NULL)
		return -1;
	if (last > 0 && is_of_this_log(indexer, cursor, &is_ours, err) == -1)
		goto fail;
	if (!is_ours) {
		diag(DIAG_WARNING,
		    "index: made of another log than the one in "
		    "%s; it is built again",
		    indexer->audit_dir);
		begin_rebuild(indexer);
		if (index_writer_clear(
			indexer->writer, new_generation(indexer), err) == -1)
			goto fail;
		last = 0;
	}
	if (cursor_seek(cursor, last + 1, err) == -1)
		goto fail;
	indexer->cursor = cursor;
	indexer->first_wanted = last;
	return 0;
fail:
	cursor_free(cursor);
	return -1;
}

/* --- a batch --------------------------------------------------------------
 */

/* A seq that does not follow may be one that a damaged line makes up. */
static bool
is_believed(struct indexer *indexer, const struct entry *entry)
{
	uint64_t last = index_writer_extent(indexer->writer)->last_seq;
	struct error err = { 0 };

	if (entry->seq == last + 1)
		return true;
	return entry->seq > last &&
	       (entry_check(indexer->sha256, entry, &err) == 0 ||
		   strcmp(err.field, "payload_hash") == 0);
}

static void
pass_over(struct indexer *indexer, const struct error *err)
{
	/* What is damaged is said by the verifier; here it is left out. */
	if (indexer->damaged_lines++ == 0)
		diag(DIAG_WARNING, "index: %s; the line is left out",
		    err->sentence);
}

/* The limit hides what lies behind it, and a damaged line that claims a seq
 * behind it. Pass over such a line. 1: done; 0: there is nothing to read. */
static int
pass_over_hidden(struct indexer *indexer, uint64_t durable, struct error *err)
{
	struct cursor_line line;
	struct entry entry;
	int result;

	result = cursor_next(indexer->cursor, UINT64_MAX, &line, err);
	if (result == 0 || (result == -1 && err->code != ERROR_CORRUPT))
		return result;
	if (result == 1 && entry_parse(line.line, &entry, err) == 0) {
		if (entry.seq <= durable || is_believed(indexer, &entry)) {
			/* It came just now: not durable yet, or since. */
			cursor_free(indexer->cursor);
			indexer->cursor = NULL;
			return 0;
		}
		error_set(err, ERROR_CORRUPT, "%s: offset %llu: damaged",
		    line.file, (unsigned long long)line.offset);
	}
	pass_over(indexer, err);
	return 1;
}

/* The next entry; 1, 0 when there is none, -1. */
static int
add_next(struct indexer *indexer, uint64_t durable, struct error *err)
{
	struct cursor_line line;
	struct entry entry;
	int result;

	if (index_writer_extent(indexer->writer)->last_seq >= durable)
		return 0;
	result = cursor_next(indexer->cursor, durable, &line, err);
	if (result == 0)
		return pass_over_hidden(indexer, durable, err);
	if (result == -1 && err->code != ERROR_CORRUPT)
		return -1;
	if (result == -1 || entry_parse(line.line, &entry, err) == -1) {
		pass_over(indexer, err);
		return 1;
	}
	if (!is_believed(indexer, &entry)) {
		error_set(err, ERROR_CORRUPT,
		    "%s: offset %llu: seq %llu does not follow", line.file,
		    (unsigned long long)line.offset,
		    (unsigned long long)entry.seq);
		pass_over(indexer, err);
		return 1;
	}
	if (index_writer_add(indexer->writer, &entry, slice_of(line.file),
		line.offset, err) == -1)
		return -1;
	return 1;
}

/* 1: there may be more; 0: all is in; -1. */
static int
fill_batch(struct indexer *indexer, uint64_t durable, struct error *err)
{
	for (int added = 0; added < BATCH_ENTRIES; added++) {
		int result = add_next(indexer, durable, err);

		if (result != 1)
			return result;
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

	cursor_free(indexer->cursor);
	indexer->cursor = NULL;
	if (err->code == ERROR_CORRUPT) {
		put_aside(indexer, err);
	} else if (index_writer_rollback(indexer->writer, &again) == -1) {
		index_writer_close(indexer->writer);
		indexer->writer = NULL;
	}
	fail(indexer, err);
}

static void
leave_deleted(struct indexer *indexer)
{
	diag(DIAG_WARNING, "index: %s was deleted; it is built again",
	    indexer->path);
	index_writer_close(indexer->writer);
	indexer->writer = NULL;
}

/* Retention has taken the beginning of the log away. */
static void
forget(struct indexer *indexer)
{
	uint64_t first_seq;

	pthread_mutex_lock(&indexer->mutex);
	first_seq = indexer->log_first_seq;
	pthread_mutex_unlock(&indexer->mutex);
	index_writer_forget(indexer->writer, first_seq);
}

/* One batch: 1: there may be more, 0: all is in, -1: it failed, wait. */
static int
index_batch(struct indexer *indexer)
{
	uint64_t durable = read_durable(indexer);
	struct error err = { 0 };
	int result;

	if (indexer->writer != NULL && !index_writer_is_there(indexer->writer))
		leave_deleted(indexer);
	if (indexer->writer == NULL && open_writer(indexer, &err) == -1) {
		fail(indexer, &err);
		return -1;
	}
	if (indexer->cursor == NULL &&
	    stand_behind_index(indexer, &err) == -1) {
		/* The log's trouble is not the database's. */
		fail(indexer, &err);
		return -1;
	}
	indexer->batch_durable = durable;
	indexer->batch_began = clock_monotonic(&clock_system);
	result = -1;
	if (index_writer_begin(indexer->writer, &err) == 0) {
		forget(indexer);
		result = fill_batch(indexer, durable, &err);
	}
	if (result == -1 || index_writer_commit(indexer->writer, &err) == -1 ||
	    index_writer_checkpoint(indexer->writer, &err) == -1) {
		recover(indexer, &err);
		return -1;
	}
	publish(indexer, NULL);
	return result;
}

static void
clear_index(struct indexer *indexer)
{
	struct error err = { 0 };

	begin_rebuild(indexer);
	if (indexer->writer != NULL && index_writer_clear(indexer->writer,
					   new_generation(indexer), &err) == -1)
		recover(indexer, &err);
}

/* --- the thread -----------------------------------------------------------
 */

enum order { ORDER_INDEX, ORDER_REINDEX, ORDER_STOP };

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
	indexer->reindexes = false;
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
		result = index_batch(indexer);
	}
}

/* --- the main thread's side -----------------------------------------------
 */

static char *
join(const char *folder, const char *name)
{
	struct buf path = BUF_INIT;

	buf_addf(&path, "%s%s%s", folder, name == NULL ? "" : "/",
	    name == NULL ? "" : name);
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
	indexer->audit_dir = join(audit_dir, NULL);
	indexer->data_dir = join(data_dir, NULL);
	indexer->path = join(data_dir, "kruxos.db");
	indexer->store = store_open(indexer->path, audit_dir);
	indexer->sha256 = sha256_new();
	indexer->state.is_ok = true;
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
		publish(indexer, NULL);
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
	pthread_cond_signal(&indexer->wake);
	pthread_mutex_unlock(&indexer->mutex);
}

void
indexer_get(struct indexer *indexer, struct indexer_state *ret_state)
{
	pthread_mutex_lock(&indexer->mutex);
	*ret_state = indexer->state;
	pthread_mutex_unlock(&indexer->mutex);
}

int
indexer_fd(const struct indexer *indexer)
{
	return indexer->event;
}

void
indexer_forget(struct indexer *indexer, uint64_t first_seq)
{
	pthread_mutex_lock(&indexer->mutex);
	indexer->log_first_seq = first_seq;
	pthread_mutex_unlock(&indexer->mutex);
}

void
indexer_reindex(struct indexer *indexer)
{
	pthread_mutex_lock(&indexer->mutex);
	indexer->reindexes = true;
	indexer->state.is_rebuilding = true;
	indexer->state.progress = 0;
	pthread_cond_signal(&indexer->wake);
	pthread_mutex_unlock(&indexer->mutex);
}

/* --- was this call recorded before? ---------------------------------------
 */

uint32_t
indexer_call_hash(struct slice call_id)
{
	return calls_hash(call_id);
}

/* Candidates while they come by, the newest first. */
struct lookup {
	struct store *store;
	const struct entry *entry;
	usec_t since;
	unsigned looks;
	struct buf line;
	uint64_t found;
};

static bool
is_same(const struct entry *a, const struct entry *b)
{
	return a->actor == b->actor && a->status == b->status &&
	       slice_equal(a->actor_name, b->actor_name) &&
	       slice_equal(a->session_id, b->session_id) &&
	       slice_equal(a->call_id, b->call_id) &&
	       slice_equal(a->capability, b->capability);
}

static bool
on_candidate(void *context, uint64_t seq)
{
	struct lookup *lookup = context;
	struct store_place place;
	struct entry entry;
	struct error ignored = { 0 };

	if (lookup->looks++ == LOOKS)
		return false;
	buf_reset(&lookup->line);
	if (store_find(lookup->store, seq, &place, &ignored) == -1 ||
	    store_read(lookup->store, &place, &lookup->line, &entry, &place,
		&ignored) == -1)
		return true;
	if (entry.recorded_at < lookup->since)
		return false;
	if (!is_same(&entry, lookup->entry))
		return true;
	lookup->found = seq;
	return false;
}

uint64_t
indexer_find_call(void *context, const struct entry *entry, usec_t since)
{
	struct indexer *indexer = context;
	struct lookup lookup = {
		.store = indexer->store,
		.entry = entry,
		.since = since,
		.line = BUF_INIT,
	};
	struct error ignored = { 0 };

	if (entry->call_id.data == NULL ||
	    store_begin(indexer->store, &ignored) == -1)
		return 0;
	/* What it cannot tell is recorded once more: at least once. */
	(void)calls_find(indexer->store, calls_hash(entry->call_id),
	    store_first_seq(indexer->store), store_last_seq(indexer->store),
	    on_candidate, &lookup, &ignored);
	store_end(indexer->store);
	buf_free(&lookup.line);
	return lookup.found;
}

int
indexer_each_call(struct indexer *indexer, usec_t since,
    void (*on_call)(void *context, uint32_t hash, usec_t at), void *context,
    struct error *err)
{
	struct store *store = store_open(indexer->path, indexer->audit_dir);
	int result = calls_each(store, since, clock_realtime(indexer->clock),
	    on_call, context, err);

	store_close(store);
	return result;
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
	cursor_free(indexer->cursor);
	sha256_free(indexer->sha256);
	store_close(indexer->store);
	if (indexer->event != -1)
		close(indexer->event);
	pthread_cond_destroy(&indexer->wake);
	pthread_mutex_destroy(&indexer->mutex);
	free(indexer->path);
	free(indexer->data_dir);
	free(indexer->audit_dir);
	free(indexer);
}
