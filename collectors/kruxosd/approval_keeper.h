/* What agents have asked a person for, and what came of it.
 *
 * A request is known by who asks, for which capability, and by the SHA-256 of
 * the arguments' bytes. The first such call makes it, under a new id that is
 * the call_id of all three steps: the request, the decision and the call that
 * runs. The same call again waits for the same answer. What was accepted runs
 * once, what was rejected is refused once; then the same call asks anew. A
 * request that nobody decides, and an acceptance that nobody uses, expires.
 *
 * Requests are in state.db together with the entries that say so
 * (state_change.h): no restart loses one.
 *
 * Of one thread: the loop's.
 */
#ifndef KRUXOSD_APPROVAL_KEEPER_H
#define KRUXOSD_APPROVAL_KEEPER_H

#include "collectors/kruxosd/account_keeper.h"
#include "log/redact.h"

enum { APPROVAL_REASON_BYTES = 1024 };

struct approval_keeper;

/* All stays the caller's and outlives it. Never NULL. */
struct approval_keeper *approval_keeper_new(struct state_changer *changer,
    struct account_keeper *accounts, struct redactor *redactor);
void approval_keeper_free(struct approval_keeper *keeper);

void approval_keeper_configure(
    struct approval_keeper *keeper, const struct config *config);

/* Once a second: what nobody decided, or used, for too long expires. */
void approval_keeper_tick(struct approval_keeper *keeper);

enum approval_answer {
	APPROVAL_RUNS, /* a person has accepted it: for this one call */
	APPROVAL_WAITS,
	APPROVAL_REJECTS,
};

struct approval_reply {
	enum approval_answer answer;
	/* Of the approval; the call_id that the call's own entry has, too. */
	struct slice id;
	struct slice user;   /* who decided; empty: nobody has */
	struct slice reason; /* as he gave it; empty: he gave none */
};

/* `err` is NULL; or nothing is known, the call must not run, and `reply` is
 * NULL: ERROR_TOO_MANY (too many wait already), ERROR_AUDIT_UNAVAILABLE,
 * ERROR_BUSY, ERROR_SYSTEM, ERROR_CORRUPT. */
typedef void (*approval_on_reply)(
    void *context, const struct approval_reply *reply, const struct error *err);

/* May the call run that `entry` is about: its agent, capability, session_id,
 * call_id (what the agent calls it; {NULL, 0}: nothing), trace_id, uid and
 * source? `arguments`: an object as JSON; {NULL, 0}: none. `on_reply` hears
 * once, perhaps before this returns; of a new request when its entry is
 * durable. After APPROVAL_RUNS, approval_keeper_end(). */
void
approval_keeper_ask(struct approval_keeper *keeper, const struct entry *entry,
    struct slice arguments, approval_on_reply on_reply, void *context);

/* The call `id` is over: its entry is durable, and the approval is used up; or
 * it could not be recorded, did nothing, and may be made again. */
void approval_keeper_end(
    struct approval_keeper *keeper, struct slice id, bool is_recorded);

/* --- the commands (docs/door.md) ------------------------------------------ */

extern const struct command_arg approval_list_args[], approval_decide_args[];

void approval_list_command(
    struct approval_keeper *keeper, struct command_call *call);
void approval_accept_command(
    struct approval_keeper *keeper, struct command_call *call);
void approval_reject_command(
    struct approval_keeper *keeper, struct command_call *call);

#endif
