/* Every five seconds: count what the daemon counts (tally.h), and record all
 * that is known then in the history (history_writer.h). A thread of its own,
 * since either may take a moment; the loop waits for neither.
 */
#ifndef KRUXOSD_RECORDER_H
#define KRUXOSD_RECORDER_H

#include "collectors/kruxosd/history_writer.h"
#include "collectors/kruxosd/state.h"
#include "config/config.h"

struct recorder;

/* `config` is copied from, `clock` stays the caller's. Never NULL. */
struct recorder *recorder_new(const struct config *config, struct clock *clock);
void recorder_free(struct recorder *recorder);

/* Start the thread. ERROR_SYSTEM. */
int recorder_start(struct recorder *recorder, struct error *err);

/* What is known now. Of what the recorder counts itself, nothing is taken. */
struct recorder_input {
	double figures[FIGURE_COUNT];
	struct history_writer_span spans[OBSERVED_SERVICES]; /* that go on */
	size_t span_count;
	struct state_removed removed;
};
void
recorder_put(struct recorder *recorder, const struct recorder_input *input);

/* A span that is over. When the database takes nothing, the oldest are
 * forgotten first. */
void recorder_end_span(
    struct recorder *recorder, const struct history_writer_span *span);

/* Fill in what was counted last; NAN what has not been for three times. */
void
recorder_read(struct recorder *recorder, double figures[static FIGURE_COUNT]);

#endif
