/* What the agents do, and how large the product's files are: the figures that
 * the daemon counts itself.
 *
 * Counted from the index, so that a restart loses nothing and what the door
 * takes in costs nothing more. It may take a moment: for a thread that nobody
 * waits for (recorder.h).
 */
#ifndef KRUXOSD_TALLY_H
#define KRUXOSD_TALLY_H

#include "collectors/kruxosd/state.h"
#include "store/figure.h"

struct tally;

struct tally_paths {
	const char *audit_dir;
	const char *index_file, *state_file, *telemetry_file;
};

/* The paths are copied. Never NULL. */
struct tally *tally_new(const struct tally_paths *paths);
void tally_free(struct tally *tally);

/* Fill in the figures from FIGURE_ACTIVE_AGENTS to FIGURE_APPROVAL_WAITING_
 * SECONDS, FIGURE_LOG_BYTES, FIGURE_DATABASE_BYTES and what follows it as of
 * `now` (CLOCK_REALTIME). `removed` is what retention took. What cannot be
 * counted now is NAN. */
void tally_count(struct tally *tally, const struct state_removed *removed,
    usec_t now, double figures[static FIGURE_COUNT]);

#endif
