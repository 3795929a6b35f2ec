/* The history in telemetry.db, as it is written (store/history.h reads it). */
#ifndef KRUXOSD_HISTORY_WRITER_H
#define KRUXOSD_HISTORY_WRITER_H

#include "store/database.h"
#include "store/observed.h"

struct history_writer;

/* For how long a service was how it was; until now, it may become longer. */
struct history_writer_span {
	char service[OBSERVED_NAME_BYTES + 1];
	enum observed_status status;
	usec_t since, until; /* CLOCK_REALTIME */
	char details[OBSERVED_DETAILS_BYTES + 1];
};

/* `database` stays the caller's and outlives it. NULL: ERROR_CORRUPT, … of
 * its statements. */
struct history_writer *
history_writer_new(struct database *database, struct error *err);
void history_writer_free(struct history_writer *writer);

/* All that is known `at` a time (CLOCK_REALTIME), in one transaction; figures
 * that are NAN are left out. When a minute is over, it is summed up, and what
 * is too old goes. -1: nothing of it was written. */
int history_writer_add(struct history_writer *writer, usec_t at,
    const double figures[static FIGURE_COUNT],
    const struct history_writer_span *spans, size_t span_count,
    struct error *err);

#endif
