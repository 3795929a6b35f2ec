/* The index, held against the log once a day, at idle priority.
 *
 * A thread of its own looks at all of kruxos.db (scrub_pass.h) a day after it
 * did so last, or at once after a start that no orderly stop went before. What
 * it finds damaged is told to the indexer, which puts the database aside and
 * builds the index again.
 */
#ifndef KRUXOSD_SCRUB_H
#define KRUXOSD_SCRUB_H

#include "base/clock.h"
#include "base/error.h"
#include "collectors/kruxosd/indexer.h"

struct scrub;

/* `ended_at` (CLOCK_REALTIME): when it was done last; 0: never, or it is due
 * for another reason. `clock` and `indexer` stay the caller's and outlive it.
 * Never NULL. */
struct scrub *scrub_new(const char *audit_dir, const char *data_dir,
    struct clock *clock, struct indexer *indexer, usec_t ended_at);

/* Start the thread. ERROR_SYSTEM. */
int scrub_start(struct scrub *scrub, struct error *err);

/* When it was done last, whatever it found. */
usec_t scrub_ended_at(struct scrub *scrub);

/* End the thread. */
void scrub_free(struct scrub *scrub);

#endif
