/* How a tool call ended: was it told already, by another way?
 *
 * A coding agent's hook and its telemetry tell of the same call, seconds apart
 * and in any order, and not by the same name: what a hook says is in the name
 * that its owner gave it, telemetry is the agent's whose token it came with.
 * So two entries tell the same end if their session and their call_id are the
 * same and neither is pending, whoever the agent is, whatever the capability
 * and the status. What telemetry tells second is answered with the first one's
 * seq. A hook's word is recorded all the same: telemetry is the agent's own,
 * and may say anything. Two of one hook are what recent.h says.
 *
 * A sub-agent of Codex has a session of its own in telemetry, its thread, which
 * hooks name in their request as `agent_id`: there the call is known by both.
 *
 * What was recorded is known as recent.h knows it, for 24 hours.
 */
#ifndef KRUXOSD_OUTCOMES_H
#define KRUXOSD_OUTCOMES_H

#include "collectors/kruxosd/recent.h"
#include "collectors/kruxosd/unnamed_calls.h"

struct outcomes;

/* `elder` outlives it. `find` (recent.h) asks the index for the newest entry
 * that tells the end of the call of the one given, came by the same source, and
 * has its session_id as session or thread; NULL: there is no index. */
struct outcomes *
outcomes_new(const struct recent *elder, recent_find find, void *find_context);
void outcomes_free(struct outcomes *outcomes);

/* Of calls whose ids were made. */
struct unnamed_calls *outcomes_unnamed(struct outcomes *outcomes);

/* Does it tell how a call ended, by a hook or by telemetry? The functions below
 * are for such entries. */
bool outcomes_is_one(const struct entry *entry);

/* Who hears of each such entry, once it is looked for: it may be known already.
 * `thread`: {NULL, 0} but of a sub-agent's. */
typedef void (*outcomes_on_seen)(void *context, const struct entry *entry,
    struct slice thread, bool is_known);
void outcomes_set_listener(
    struct outcomes *outcomes, outcomes_on_seen on_seen, void *context);

/* Was the end told already? `ret` as of recent_look(). */
bool outcomes_look(struct outcomes *outcomes, const struct entry *entry,
    struct slice thread, usec_t now, struct recent_match *ret);

/* By how many names the call is known: 1, or 2 of a sub-agent's. */
unsigned outcomes_names(const struct entry *entry, struct slice thread);

/* The entry that outcomes_look() was asked about last, and that is not told,
 * went into the batch under `ticket`. */
void outcomes_begin(struct outcomes *outcomes, const struct entry *entry,
    struct slice thread, usec_t now, uint64_t ticket);

/* The oldest entry begun and not ended, known by so many names, is durable as
 * `seq`; 0: it was refused. In the order of outcomes_begin(). */
void outcomes_end(
    struct outcomes *outcomes, unsigned names, uint64_t seq, usec_t at);

/* As recent_add(), recent_set_indexed() and recent_trim(); any entry may be
 * given. */
void outcomes_add(struct outcomes *outcomes, const struct entry *entry);
void outcomes_set_indexed(struct outcomes *outcomes, uint64_t seq);
void outcomes_trim(struct outcomes *outcomes);

#endif
