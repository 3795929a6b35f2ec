/* Entries about changes of state.db on their way into the log.
 *
 * An entry is owed from the transaction of its change on
 * (state_writer_owe()), until a batch that holds it is durable. Who made it
 * posts it, and hears; what the log refused, or what a daemon that ended has
 * left, is posted again. After a power cut between the log's sync and the
 * settling it stands there twice.
 *
 * Of one thread: the loop's.
 */
#ifndef KRUXOSD_OWED_ENTRIES_H
#define KRUXOSD_OWED_ENTRIES_H

#include "collectors/kruxosd/commit.h"
#include "collectors/kruxosd/state_writer.h"

struct owed_entries;

/* Both stay the caller's. Never NULL. */
struct owed_entries *
owed_entries_new(struct state_writer *writer, struct commit *commit);

/* Behind commit_flush(): nothing of it waits in a batch. */
void owed_entries_free(struct owed_entries *owed);

/* `err` is NULL when the entry is durable; else the log does not take it now:
 * it stays owed. */
typedef void (*owed_on_recorded)(void *context, const struct error *err);

/* Its transaction was committed: into the log. `on_recorded` is called once,
 * perhaps before this returns; NULL: nobody waits. */
void owed_entries_post(struct owed_entries *owed, uint64_t id,
    owed_on_recorded on_recorded, void *context);

/* What is owed and on no way. Once a second, and at the start. */
void owed_entries_tick(struct owed_entries *owed);

#endif
