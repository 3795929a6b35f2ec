#include "collectors/kruxosd/scrub.h"

#include "base/buf.h"
#include "base/condition.h"
#include "base/diag.h"
#include "base/memory.h"
#include "collectors/kruxosd/idle.h"
#include "collectors/kruxosd/scrub_pass.h"

#include <errno.h>
#include <pthread.h>

#define SCRUB_EVERY USEC_PER_DAY
/* The index moves, or is built: later. */
#define RETRY_SOON USEC_PER_MIN
/* It cannot be read: the indexer has the same trouble, and says so. */
#define RETRY_LATER USEC_PER_HOUR

struct scrub {
	char *audit_dir, *path;
	struct clock *clock;
	struct indexer *indexer;
	pthread_t thread;
	bool is_started;

	pthread_mutex_t mutex; /* of what follows */
	pthread_cond_t changed;
	bool is_stopping;
	usec_t ended_at;
};

struct scrub *
scrub_new(const char *audit_dir, const char *data_dir, struct clock *clock,
    struct indexer *indexer, usec_t ended_at)
{
	struct scrub *scrub = memory_new(sizeof(*scrub));
	struct buf text = BUF_INIT;

	buf_add_str(&text, audit_dir);
	scrub->audit_dir = buf_detach(&text);
	buf_addf(&text, "%s/kruxos.db", data_dir);
	scrub->path = buf_detach(&text);
	scrub->clock = clock;
	scrub->indexer = indexer;
	scrub->ended_at = ended_at;
	pthread_mutex_init(&scrub->mutex, NULL);
	condition_init(&scrub->changed);
	return scrub;
}

usec_t
scrub_ended_at(struct scrub *scrub)
{
	usec_t at;

	pthread_mutex_lock(&scrub->mutex);
	at = scrub->ended_at;
	pthread_mutex_unlock(&scrub->mutex);
	return at;
}

static bool
is_stopping(void *context)
{
	struct scrub *scrub = context;
	bool stopping;

	pthread_mutex_lock(&scrub->mutex);
	stopping = scrub->is_stopping;
	pthread_mutex_unlock(&scrub->mutex);
	return stopping;
}

/* At most `time`, or until it is to stop. */
static void
wait_for(struct scrub *scrub, usec_t time)
{
	struct timespec until = condition_deadline(time);

	pthread_mutex_lock(&scrub->mutex);
	while (!scrub->is_stopping && pthread_cond_timedwait(&scrub->changed,
					  &scrub->mutex, &until) != ETIMEDOUT)
		;
	pthread_mutex_unlock(&scrub->mutex);
}

/* How long until the next one; 0: it is due. A clock that stepped back must not
 * put it off. */
static usec_t
time_left(struct scrub *scrub)
{
	usec_t now = clock_realtime(scrub->clock);
	usec_t ended_at = scrub_ended_at(scrub);

	if (ended_at == 0 || now < ended_at || now - ended_at >= SCRUB_EVERY)
		return 0;
	return SCRUB_EVERY - (now - ended_at);
}

static void
end_scrub(struct scrub *scrub)
{
	pthread_mutex_lock(&scrub->mutex);
	scrub->ended_at = clock_realtime(scrub->clock);
	pthread_mutex_unlock(&scrub->mutex);
}

/* Look once; returns how long to wait. */
static usec_t
look(struct scrub *scrub)
{
	struct indexer_state state;
	uint64_t generation;
	struct error err;

	indexer_get(scrub->indexer, &state);
	if (state.status != STATUS_INDEX_CURRENT)
		return RETRY_SOON;
	if (scrub_pass(scrub->path, scrub->audit_dir, is_stopping, scrub,
		&generation, &err) == 0) {
		diag(DIAG_INFO, "the index is what the log says");
		end_scrub(scrub);
		return SCRUB_EVERY;
	}
	if (err.code == ERROR_BUSY)
		return RETRY_SOON;
	if (err.code != ERROR_CORRUPT) {
		diag(DIAG_WARNING, "the index cannot be looked at: %s",
		    err.sentence);
		return RETRY_LATER;
	}
	indexer_found_damage(scrub->indexer, generation, err.sentence);
	end_scrub(scrub);
	return SCRUB_EVERY;
}

static void *
run(void *context)
{
	struct scrub *scrub = context;

	idle_become();
	while (!is_stopping(scrub)) {
		usec_t left = time_left(scrub);

		wait_for(scrub, left == 0 ? look(scrub) : left);
	}
	return NULL;
}

int
scrub_start(struct scrub *scrub, struct error *err)
{
	errno = pthread_create(&scrub->thread, NULL, run, scrub);
	if (errno != 0)
		return error_set_errno(err, "the thread that scrubs");
	scrub->is_started = true;
	return 0;
}

void
scrub_free(struct scrub *scrub)
{
	if (scrub == NULL)
		return;
	pthread_mutex_lock(&scrub->mutex);
	scrub->is_stopping = true;
	pthread_cond_signal(&scrub->changed);
	pthread_mutex_unlock(&scrub->mutex);
	if (scrub->is_started)
		pthread_join(scrub->thread, NULL);
	pthread_cond_destroy(&scrub->changed);
	pthread_mutex_destroy(&scrub->mutex);
	free(scrub->path);
	free(scrub->audit_dir);
	free(scrub);
}
