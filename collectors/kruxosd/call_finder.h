/* Was this call recorded before? What the index tells of it (recent.h). */
#ifndef KRUXOSD_CALL_FINDER_H
#define KRUXOSD_CALL_FINDER_H

#include "base/clock.h"
#include "log/entry.h"

struct call_finder;

/* Over `data_dir`/kruxos.db and the log in `audit_dir`; `clock` stays the
 * caller's. It has a connection of its own. Never NULL. */
struct call_finder *call_finder_new(
    const char *audit_dir, const char *data_dir, struct clock *clock);
void call_finder_free(struct call_finder *finder);

/* What the index keeps of a call_id. */
uint32_t call_finder_hash(struct slice call_id);

/* The seq of the newest entry recorded at `since` or later with the actor,
 * session, call_id, capability and status of `entry`; 0: none in the index,
 * or it cannot tell. The log's own line decides. `context` is the finder: the
 * function is a recent_find. */
uint64_t
call_finder_find(void *context, const struct entry *entry, usec_t since);

/* The same, with what outcomes.h says is the same: an entry that is not
 * pending, by the same source, with the call_id of `entry`, and its session_id
 * or, in the request, its agent_id that of `entry`. */
uint64_t call_finder_find_outcome(
    void *context, const struct entry *entry, usec_t since);

/* Hand the hashes of what was recorded at `since` or later, and a time not
 * before it was recorded, to `on_call`, in the order of blocks. Any thread may
 * call it: it opens a connection of its own. ERROR_CORRUPT, ERROR_SYSTEM. */
int call_finder_each(struct call_finder *finder, usec_t since,
    void (*on_call)(void *context, uint32_t hash, usec_t at), void *context,
    struct error *err);

#endif
