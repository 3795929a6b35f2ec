/* What was measured, and how services have been: the history in telemetry.db,
 * for who reads it.
 *
 * The daemon keeps each figure every five seconds for a day, and each minute's
 * average, minimum and maximum for thirty days; and for each service when it
 * was in which state, for ninety. Opened for a question or a few; of one
 * thread.
 */
#ifndef STORE_HISTORY_H
#define STORE_HISTORY_H

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "store/observed.h"

enum {
	HISTORY_POINTS = 2000, /* of one figure at once */
	HISTORY_SPANS = 1000,  /* of one service */
	HISTORY_SAMPLE_SECONDS = 5,
};
#define HISTORY_SAMPLES_KEPT USEC_PER_DAY
#define HISTORY_MINUTES_KEPT (30 * USEC_PER_DAY)
#define HISTORY_SPANS_KEPT   (90 * USEC_PER_DAY)

struct history;

/* `path` is that of telemetry.db. NULL: ERROR_UNREACHABLE (there is no database
 * yet), ERROR_CORRUPT, ERROR_SYSTEM. */
struct history *history_open(const char *path, struct error *err);
void history_close(struct history *history);
DEFINE_CLEANUP(struct history *, history_close);

/* Of a bucket; all three are NAN where nothing was measured. */
struct history_point {
	double average, minimum, maximum;
};

/* `count` buckets of `step`, the first from `from` on, the last not beyond
 * INT64_MAX. Less than a minute wide, they are made of the samples, else of
 * the minutes. */
int history_points(struct history *history, enum figure figure, usec_t from,
    usec_t step, size_t count, struct history_point *ret_points,
    struct error *err);

struct history_span {
	enum observed_status status;
	usec_t since, until;
	struct slice details;
};
struct history_span_list {
	struct history_span *spans; /* in the arena, the newest first */
	size_t count;
};

/* How the service has been since then. */
int history_spans(struct history *history, const char *service, usec_t since,
    struct arena *arena, struct history_span_list *ret_list, struct error *err);

#endif
