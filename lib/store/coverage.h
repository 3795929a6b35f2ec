/* Which ways told of a session's tool calls: the agent's hooks, its telemetry,
 * or both. A call that one of them knows and the other does not is one that
 * could have been missed altogether.
 *
 * The log cannot tell, since a call that two ways tell of is recorded once:
 * kruxosd counts it in telemetry.db, for who reads it. The database may not be
 * there yet, or be replaced while a program runs. Of one thread.
 */
#ifndef STORE_COVERAGE_H
#define STORE_COVERAGE_H

#include "base/clock.h"
#include "base/error.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

/* Of a session; all 0: nothing of it is known. */
struct coverage {
	uint64_t by_hook;      /* calls that a hook told of */
	uint64_t by_telemetry; /* calls that telemetry told of */
	uint64_t both;	       /* calls known to be the same */
	uint64_t unnamed;      /* of by_telemetry: without an id of the call */
	uint64_t denied;       /* of by_hook: denied, and told by it alone */
	uint64_t missing;      /* numbered records that never came */
	usec_t seen_at;	       /* when the last of it came */
};

/* Calls that both ways told of. Those without an id are taken for calls that
 * hooks told of, as far as there are any. */
uint64_t coverage_both(const struct coverage *coverage);

/* Calls that telemetry told of and no hook, though the session has hooks. */
uint64_t coverage_unrecorded(const struct coverage *coverage);

/* Of all calls, those that both ways told of, in percent; NAN where one way
 * told of none, so that nothing can be compared. What a hook denied never ran,
 * and telemetry need not know of it. */
double coverage_percent(const struct coverage *coverage);

/* What it comes to over several sessions. */
struct coverage_sum {
	uint64_t both, all; /* calls, of sessions that can be compared */
	uint64_t unrecorded;
	uint64_t missing;
};
void coverage_add(struct coverage_sum *sum, const struct coverage *coverage);

struct coverage_reader;

/* `path` (copied) is that of telemetry.db. Never NULL. */
struct coverage_reader *coverage_open(const char *path);
void coverage_close(struct coverage_reader *reader);

/* Of one session: 1; 0: nothing is known of it; -1: ERROR_UNREACHABLE (there is
 * no database yet) or the statements'. */
int coverage_find(struct coverage_reader *reader, struct slice session,
    struct coverage *ret, struct error *err);

/* The sum of the sessions of which something came at `since` or later. */
int coverage_sum_since(struct coverage_reader *reader, usec_t since,
    struct coverage_sum *ret, struct error *err);

#endif
