/* What agents have asked a person for, and what came of it.
 *
 * A request is known by who asks, for which capability, and by the SHA-256 of
 * the arguments' bytes. The first such call makes it, under an id that is the
 * call_id of all three steps: the request, the decision and the call that runs.
 * The same call again waits for the same answer. What was accepted runs once,
 * what was rejected is refused once; then the same call asks anew. A request
 * that nobody decides, and an acceptance that nobody uses, expires.
 *
 * Requests are in state.db together with the entries that say so, which are
 * owed to the log until it has them (account_writer.h): no restart loses one.
 *
 * Of one thread: the loop's.
 */
#ifndef KRUXOSD_APPROVAL_KEEPER_H
#define KRUXOSD_APPROVAL_KEEPER_H

#include "collectors/kruxosd/account_keeper.h"
#include "log/redact.h"

enum {
	APPROVAL_OPEN_OF_AGENT = 64, /* at most; beyond: ERROR_TOO_MANY */
	APPROVAL_OPEN = 1024,
	APPROVAL_REASON_BYTES = 1024,
};

struct approval_keeper;

/* All stays the caller's; `accounts` keeps state.db's tables. Never NULL. */
struct approval_keeper *approval_keeper_new(struct clock *clock,
    struct account_keeper *accounts, struct redactor *redactor);
void approval_keeper_free(struct approval_keeper *keeper);

void approval_keeper_configure(
    struct approval_keeper *keeper, const struct config *config);

/* Once a second: what was not decided, or not used, for too long expires. */
void approval_keeper_tick(struct approval_keeper *keeper);

enum approval_answer {
	APPROVAL_RUNS, /* a person has accepted it; that is used up now */
	APPROVAL_WAITS,
	APPROVAL_REJECTS,
};

struct approval_reply {
	enum approval_answer answer;
	/* Of the approval; the call_id that the call's own entry has, too. */
	struct slice id;
	struct slice user;   /* who decided; {NULL, 0}: nobody has */
	struct slice reason; /* as he gave it; {NULL, 0}: he gave none */
};

/* `err` is NULL; or it is not known, the call must not run, and `reply` is
 * NULL: ERROR_TOO_MANY (too many wait already), ERROR_AUDIT_UNAVAILABLE,
 * ERROR_BUSY, ERROR_SYSTEM. */
typedef void (*approval_on_reply)(
    void *context, const struct approval_reply *reply, const struct error *err);

/* May the call run that `entry` is about (agent, uid, source, session_id,
 * call_id, trace_id, capability)? `arguments`: an object as JSON, {NULL, 0}:
 * none. `on_reply` hears once, perhaps before this returns: of a new request
 * when its entry is durable. */
void
approval_keeper_ask(struct approval_keeper *keeper, const struct entry *entry,
    struct slice arguments, approval_on_reply on_reply, void *context);

/* The call that was to run did not, since it could not be recorded: it may be
 * made again. */
void approval_keeper_give_back(struct approval_keeper *keeper, struct slice id);

/* --- the commands (docs/door.md) ------------------------------------------ */

extern const struct command_arg approval_list_args[], approval_decide_args[];

void approval_list_command(
    struct approval_keeper *keeper, struct command_call *call);
void approval_accept_command(
    struct approval_keeper *keeper, struct command_call *call);
void approval_reject_command(
    struct approval_keeper *keeper, struct command_call *call);

#endif
