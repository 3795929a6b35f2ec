#include "collectors/kruxosd/recorder.h"

#include "base/condition.h"
#include "base/diag.h"
#include "base/memory.h"
#include "collectors/kruxosd/tally.h"
#include "collectors/kruxosd/telemetry_file.h"
#include "store/history.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>

enum { ENDED_SPANS = 256 };

#define RECORD_EVERY (HISTORY_SAMPLE_SECONDS * USEC_PER_SEC)
#define COUNTED_FOR  (3 * RECORD_EVERY)

struct recorder {
	char *telemetry_file;
	struct clock *clock;
	pthread_t thread;
	bool is_started;

	/* The thread's own. */
	struct tally *tally;
	struct database *database; /* NULL: it cannot be used now */
	struct history_writer *writer;
	bool has_failed; /* and that was said */

	pthread_mutex_t mutex; /* of what follows */
	pthread_cond_t stopping;
	bool is_stopping;
	struct recorder_input input;
	struct history_writer_span ended[ENDED_SPANS];
	size_t ended_count;
	double counted[FIGURE_COUNT];
	usec_t counted_at; /* CLOCK_BOOTTIME; 0: never */
};

/* --- the loop's side ------------------------------------------------------ */

struct recorder *
recorder_new(const struct config *config, struct clock *clock)
{
	struct recorder *recorder = memory_new(sizeof(*recorder));
	const struct tally_paths paths = { config->audit_dir,
		config->index_file, config->state_file,
		config->telemetry_file };

	recorder->telemetry_file = strdup(config->telemetry_file);
	if (recorder->telemetry_file == NULL)
		memory_end(strlen(config->telemetry_file));
	recorder->clock = clock;
	recorder->tally = tally_new(&paths);
	pthread_mutex_init(&recorder->mutex, NULL);
	condition_init(&recorder->stopping);
	figure_clear(recorder->input.figures);
	figure_clear(recorder->counted);
	return recorder;
}

void
recorder_put(struct recorder *recorder, const struct recorder_input *input)
{
	pthread_mutex_lock(&recorder->mutex);
	recorder->input = *input;
	pthread_mutex_unlock(&recorder->mutex);
}

void
recorder_end_span(
    struct recorder *recorder, const struct history_writer_span *span)
{
	pthread_mutex_lock(&recorder->mutex);
	if (recorder->ended_count == ENDED_SPANS) {
		recorder->ended_count--;
		memmove(recorder->ended, recorder->ended + 1,
		    recorder->ended_count * sizeof(recorder->ended[0]));
	}
	recorder->ended[recorder->ended_count++] = *span;
	pthread_mutex_unlock(&recorder->mutex);
}

static bool
is_counted(enum figure figure)
{
	return (figure >= FIGURE_ACTIVE_AGENTS &&
		   figure <= FIGURE_APPROVAL_WAITING_SECONDS) ||
	       figure == FIGURE_LOG_BYTES || figure == FIGURE_DATABASE_BYTES ||
	       figure == FIGURE_COVERAGE_PERCENT ||
	       figure == FIGURE_UNRECORDED_CALLS;
}

void
recorder_read(struct recorder *recorder, double figures[static FIGURE_COUNT])
{
	usec_t now = clock_boottime(recorder->clock);
	bool is_current;

	pthread_mutex_lock(&recorder->mutex);
	is_current = recorder->counted_at != 0 &&
		     now - recorder->counted_at <= COUNTED_FOR;
	for (int i = 0; i < FIGURE_COUNT; i++)
		if (is_counted((enum figure)i))
			figures[i] =
			    is_current ? recorder->counted[i] : (double)NAN;
	pthread_mutex_unlock(&recorder->mutex);
}

/* --- the thread ----------------------------------------------------------- */

static void
count(struct recorder *recorder, const struct state_removed *removed)
{
	double counted[FIGURE_COUNT];

	figure_clear(counted);
	tally_count(
	    recorder->tally, removed, clock_realtime(recorder->clock), counted);
	pthread_mutex_lock(&recorder->mutex);
	memcpy(recorder->counted, counted, sizeof(counted));
	recorder->counted_at = clock_boottime(recorder->clock);
	pthread_mutex_unlock(&recorder->mutex);
}

static void
close_history(struct recorder *recorder)
{
	history_writer_free(recorder->writer);
	recorder->writer = NULL;
	if (recorder->database != NULL)
		database_close(recorder->database);
	recorder->database = NULL;
}

static int
open_history(struct recorder *recorder, struct error *err)
{
	if (recorder->database != NULL && database_is_there(recorder->database))
		return 0;
	close_history(recorder);
	recorder->database = telemetry_file_open(recorder->telemetry_file,
	    DATABASE_WRITE_LATER, recorder->clock, err);
	if (recorder->database == NULL)
		return -1;
	recorder->writer = history_writer_new(recorder->database, err);
	return recorder->writer == NULL ? -1 : 0;
}

static void
put_aside(struct recorder *recorder)
{
	struct database *database = recorder->database;

	if (database == NULL)
		return;
	history_writer_free(recorder->writer);
	recorder->writer = NULL;
	recorder->database = NULL;
	telemetry_file_put_aside(
	    recorder->telemetry_file, database, recorder->clock);
}

/* Samples stand at whole steps, so that none falls between two. */
static int
record(struct recorder *recorder, const double *known,
    const struct history_writer_span *spans, size_t span_count,
    struct error *err)
{
	double figures[FIGURE_COUNT];
	usec_t now = clock_realtime(recorder->clock);

	memcpy(figures, known, sizeof(figures));
	recorder_read(recorder, figures);
	if (open_history(recorder, err) == -1)
		return -1;
	if (history_writer_add(recorder->writer, now - now % RECORD_EVERY,
		figures, spans, span_count, err) == -1)
		return -1;
	return database_checkpoint(recorder->database, err);
}

static void
say(struct recorder *recorder, int result, const struct error *err)
{
	if (result == -1 && err->code == ERROR_CORRUPT)
		put_aside(recorder);
	if (result == -1 && !recorder->has_failed)
		diag(DIAG_ERROR, "telemetry.db: %s; the history has a gap",
		    err->sentence);
	if (result == 0 && recorder->has_failed)
		diag(DIAG_NOTICE, "the history goes on");
	recorder->has_failed = result == -1;
}

/* Before those that have ended since; the oldest go where there is no room. */
static void
put_back(struct recorder *recorder, const struct history_writer_span *spans,
    size_t count)
{
	struct history_writer_span *ended = recorder->ended;
	size_t kept;

	pthread_mutex_lock(&recorder->mutex);
	kept = ENDED_SPANS - recorder->ended_count;
	if (kept > count)
		kept = count;
	memmove(ended + kept, ended, recorder->ended_count * sizeof(ended[0]));
	memcpy(ended, spans + (count - kept), kept * sizeof(ended[0]));
	recorder->ended_count += kept;
	pthread_mutex_unlock(&recorder->mutex);
}

static void
turn(struct recorder *recorder)
{
	struct history_writer_span spans[ENDED_SPANS + OBSERVED_SERVICES];
	struct recorder_input input;
	size_t ended_count;
	struct error err;
	int result;

	pthread_mutex_lock(&recorder->mutex);
	input = recorder->input;
	ended_count = recorder->ended_count;
	memcpy(spans, recorder->ended, ended_count * sizeof(spans[0]));
	recorder->ended_count = 0;
	pthread_mutex_unlock(&recorder->mutex);
	memcpy(spans + ended_count, input.spans,
	    input.span_count * sizeof(spans[0]));

	count(recorder, &input.removed);
	result = record(recorder, input.figures, spans,
	    ended_count + input.span_count, &err);
	say(recorder, result, &err);
	if (result == -1) /* the next one takes them */
		put_back(recorder, spans, ended_count);
}

/* Until the next step of the clock. False: it is to end. */
static bool
wait_for_step(struct recorder *recorder)
{
	usec_t passed = clock_realtime(recorder->clock) % RECORD_EVERY;
	struct timespec until = condition_deadline(RECORD_EVERY - passed);
	bool goes_on;

	pthread_mutex_lock(&recorder->mutex);
	while (!recorder->is_stopping &&
	       pthread_cond_timedwait(
		   &recorder->stopping, &recorder->mutex, &until) != ETIMEDOUT)
		;
	goes_on = !recorder->is_stopping;
	pthread_mutex_unlock(&recorder->mutex);
	return goes_on;
}

static void *
run(void *context)
{
	struct recorder *recorder = context;

	do
		turn(recorder);
	while (wait_for_step(recorder));
	return NULL;
}

int
recorder_start(struct recorder *recorder, struct error *err)
{
	errno = pthread_create(&recorder->thread, NULL, run, recorder);
	if (errno != 0)
		return error_set_errno(err, "the thread that records");
	recorder->is_started = true;
	return 0;
}

void
recorder_free(struct recorder *recorder)
{
	if (recorder == NULL)
		return;
	pthread_mutex_lock(&recorder->mutex);
	recorder->is_stopping = true;
	pthread_cond_signal(&recorder->stopping);
	pthread_mutex_unlock(&recorder->mutex);
	if (recorder->is_started)
		pthread_join(recorder->thread, NULL);
	close_history(recorder);
	tally_free(recorder->tally);
	pthread_cond_destroy(&recorder->stopping);
	pthread_mutex_destroy(&recorder->mutex);
	free(recorder->telemetry_file);
	free(recorder);
}
