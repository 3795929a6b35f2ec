#include "collectors/kruxosd/indexer.h"

#include "base/condition.h"
#include "base/diag.h"
#include "base/memory.h"
#include "base/text.h"
#include "collectors/kruxosd/index_builder.h"

#include <sys/eventfd.h>

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

/* A quiet entry is committed at once, a stream of them together: batches do
 * not begin more often than this. */
#define BATCH_PAUSE (20 * USEC_PER_MSEC)
/* After a failure. */
#define RETRY_TIME USEC_PER_SEC
/* An index that lacks what is older than this is catching up. */
#define LAG_TIME USEC_PER_SEC

enum trouble {
	TROUBLE_NONE,
	TROUBLE_LOCKED, /* by another process */
	TROUBLE_FAILURE,
};

struct indexer {
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
	struct index_builder *builder;
	usec_t batch_began; /* CLOCK_MONOTONIC */
	usec_t batch_at;    /* CLOCK_BOOTTIME */
	uint64_t batch_durable;
};

/* --- what the thread says of itself ------------------------------------- */

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

/* What is missing was recorded after what is there. */
static void
note_lag(struct indexer *indexer, usec_t recorded_at)
{
	usec_t now = clock_realtime(indexer->clock);
	usec_t age = now > recorded_at ? now - recorded_at : 0;
	usec_t boottime = clock_boottime(indexer->clock);

	if (boottime > age && boottime - age > indexer->state.behind_since)
		indexer->state.behind_since = boottime - age;
}

/* What the builder says; the mutex is held. */
static void
copy_state(struct indexer *indexer)
{
	const struct index_builder_state *built =
	    index_builder_state(indexer->builder);
	struct indexer_state *state = &indexer->state;
	uint64_t first = built->first_wanted;

	state->index_seq = built->extent.last_seq;
	state->generation = built->extent.generation;
	memcpy(state->index_hash, built->extent.last_hash, SHA256_BYTES);
	indexer->is_rebuilding = built->is_rebuilding;
	memcpy(indexer->damage, built->damage, sizeof(indexer->damage));
	if (indexer->durable > first && state->index_seq >= first)
		state->progress = (double)(state->index_seq - first) /
				  (double)(indexer->durable - first);
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
	if (!is_all) {
		note_lag(indexer,
		    index_builder_state(indexer->builder)->recorded_at);
	} else {
		state->behind_since = indexer->batch_durable >= indexer->durable
					  ? 0
					  : indexer->batch_at;
		index_builder_end_rebuild(indexer->builder);
	}
	copy_state(indexer);
	pthread_mutex_unlock(&indexer->mutex);
	tell(indexer);
}

/* It did not succeed. What was put aside is built again, which is no failure;
 * a failure that lasts is said once, and by the status page. */
static void
fail(struct indexer *indexer, const struct error *err)
{
	struct indexer_state *state = &indexer->state;

	pthread_mutex_lock(&indexer->mutex);
	if (err->code != ERROR_CORRUPT) {
		if (strcmp(state->sentence, err->sentence) != 0)
			diag(DIAG_ERROR, "index: %s", err->sentence);
		indexer->trouble =
		    err->code == ERROR_BUSY ? TROUBLE_LOCKED : TROUBLE_FAILURE;
		set_text(state->sentence, err->sentence);
	}
	copy_state(indexer);
	pthread_mutex_unlock(&indexer->mutex);
	tell(indexer);
}

/* --- what it does ------------------------------------------------------- */

/* One batch, and when all is in, a step of taking out what is gone. 1: there
 * may be more, 0: no, -1: it failed, wait. */
static int
index_batch(struct indexer *indexer)
{
	struct error err = { 0 };
	uint64_t first_seq;
	int result;

	indexer->batch_began = clock_monotonic(&clock_system);
	indexer->batch_at = clock_boottime(indexer->clock);
	pthread_mutex_lock(&indexer->mutex);
	indexer->batch_durable = indexer->durable;
	first_seq = indexer->log_first_seq;
	indexer->forgets = false;
	pthread_mutex_unlock(&indexer->mutex);
	result = index_builder_batch(
	    indexer->builder, indexer->batch_durable, first_seq, &err);
	if (result != -1)
		publish(indexer, result == 0);
	if (result == 0)
		result = index_builder_sweep(indexer->builder, &err);
	if (result == -1)
		fail(indexer, &err);
	return result;
}

/* Empty the index, or leave it as it is. */
static void
clear_index(struct indexer *indexer)
{
	struct error err = { 0 };
	int result = index_builder_clear(indexer->builder, &err);

	if (result == -1)
		diag(DIAG_ERROR, "index: %s", err.sentence);
	pthread_mutex_lock(&indexer->mutex);
	if (result == -1)
		set_text(indexer->state.refusal, err.sentence);
	indexer->reindexes = false;
	copy_state(indexer);
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
	index_builder_put_aside(indexer->builder, &why);
	fail(indexer, &why);
}

/* --- the thread --------------------------------------------------------- */

enum order { ORDER_INDEX, ORDER_REINDEX, ORDER_DAMAGED, ORDER_STOP };

/* Wait at most `time` to be woken; the mutex is held. */
static void
wait_for(struct indexer *indexer, usec_t time)
{
	struct timespec until = condition_deadline(time);

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
		       indexer->durable < seen + INDEX_BUILDER_BATCH) {
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

/* --- the main thread's side --------------------------------------------- */

struct indexer *
indexer_new(const char *audit_dir, const char *data_dir, struct clock *clock,
    struct error *err)
{
	struct indexer *indexer = memory_new(sizeof(*indexer));
	struct error later = { 0 };

	pthread_mutex_init(&indexer->mutex, NULL);
	condition_init(&indexer->wake);
	indexer->clock = clock;
	indexer->builder = index_builder_new(audit_dir, data_dir, clock);
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
	if (index_builder_open(indexer->builder, &later) == -1)
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
	errno = pthread_create(&indexer->thread, NULL, run, indexer);
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
	index_builder_free(indexer->builder);
	if (indexer->event != -1)
		close(indexer->event);
	pthread_cond_destroy(&indexer->wake);
	pthread_mutex_destroy(&indexer->mutex);
	free(indexer);
}
