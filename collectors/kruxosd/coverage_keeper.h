/* Counts which ways tell of an agent's calls, into telemetry.db
 * (store/coverage.h).
 *
 * Hooks tell through the door, telemetry through `otlp.record`. What a call is
 * known by is kept in memory for the last tens of thousands of calls, so that
 * telling twice counts once; sums go to the database each second. A restart
 * forgets which calls it has counted, but not the sums.
 */
#ifndef KRUXOSD_COVERAGE_KEEPER_H
#define KRUXOSD_COVERAGE_KEEPER_H

#include "base/clock.h"
#include "log/entry.h"
#include "store/database.h"

struct coverage_keeper;

/* `clock` stays the caller's. Never NULL. */
struct coverage_keeper *coverage_keeper_new(struct clock *clock);
void coverage_keeper_free(struct coverage_keeper *keeper);

/* Where it is kept, from now on; NULL: nowhere, until there is a database
 * again. The database stays the caller's. */
int coverage_keeper_set_database(struct coverage_keeper *keeper,
    struct database *database, struct error *err);

/* The database was found to be damaged: it is to be put aside. */
bool coverage_keeper_is_damaged(const struct coverage_keeper *keeper);

/* Once a second. */
void coverage_keeper_tick(struct coverage_keeper *keeper);

/* An entry came through the door, recorded now or before: if it is a hook's and
 * of a call, the call is known by a hook. `thread` is what its agent calls the
 * sub-agent that called; {NULL, 0}: none did. Telemetry may know that by a
 * session of its own. */
void coverage_keeper_take(struct coverage_keeper *keeper,
    const struct entry *entry, struct slice thread);

/* A call that telemetry told of. */
struct coverage_call {
	struct slice session_id;
	struct slice call_id;
	struct slice capability;
	bool has_made_id; /* the agent gave it none */
	bool is_known;	  /* the log has an entry of it */
};
void coverage_keeper_tell(
    struct coverage_keeper *keeper, const struct coverage_call *call);

/* The session's records of telemetry from number `first` to `last` came. */
void coverage_keeper_count(struct coverage_keeper *keeper,
    struct slice session_id, uint64_t first, uint64_t last);

#endif
