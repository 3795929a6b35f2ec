/* The index, built again on command.
 *
 * Whoever asks is answered, whatever happens: when the index was built anew,
 * was refused or failed, and when it does not move for half a minute (another
 * process may hold its lock).
 */
#ifndef KRUXOSD_REINDEX_H
#define KRUXOSD_REINDEX_H

#include "collectors/kruxosd/command.h"
#include "collectors/kruxosd/indexer.h"

struct reindex;

/* `indexer` stays the caller's. Never NULL. */
struct reindex *reindex_new(struct indexer *indexer);
void reindex_free(struct reindex *reindex);

/* {"do":"audit.reindex"} → progress …, {"entries":N,"generation":G} */
void reindex_command(struct reindex *reindex, struct command_call *call);

/* The index says how it is: whoever waits hears of it. */
void reindex_heard(struct reindex *reindex, const struct indexer_state *state);

/* Once a second, at `now` (a clock that does not step). */
void reindex_tick(struct reindex *reindex, usec_t now);

#endif
