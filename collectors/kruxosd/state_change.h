/* Changes of state.db, each in one transaction with the entries that say so
 * (state_writer.h, owed_entries.h). What accounts, agents and approvals have in
 * common.
 *
 *	int result = state_change_begin(changer, &change, err);
 *	if (result == 0) {
 *		result = …(change.writer, …), state_change_owe(&change, …);
 *		result = state_change_end(&change, result, call, &answer, err);
 *	}
 *	if (result == -1)
 *		command_fail(call, err);
 *
 * Of one thread: the loop's.
 */
#ifndef KRUXOSD_STATE_CHANGE_H
#define KRUXOSD_STATE_CHANGE_H

#include "collectors/kruxosd/command.h"
#include "collectors/kruxosd/commit.h"
#include "collectors/kruxosd/owed_entries.h"
#include "collectors/kruxosd/state.h"
#include "collectors/kruxosd/state_writer.h"

/* What changes are made with, kept from the start to the end. */
struct state_changer {
	struct clock *clock;
	struct commit *commit;
	struct state *state;
	struct state_writer *writer;
	struct owed_entries *owed;
};

/* `clock`, `commit` and `state` stay the caller's and outlive it; `path`
 * (copied) is that of state.db. Never NULL. */
struct state_changer *state_changer_new(struct clock *clock,
    struct commit *commit, struct state *state, const char *path);

/* Behind commit_flush(). */
void state_changer_free(struct state_changer *changer);

/* Once a second: what is owed to the log is brought there, and damage that was
 * found is told to who keeps the file. */
void state_changer_tick(struct state_changer *changer);

/* A transaction, and the entries that it owes. */
struct state_change {
	struct state_changer *changer;
	struct state_writer *writer; /* the changer's */
	usec_t now;		     /* CLOCK_REALTIME */
	uint64_t owed[4];
	size_t count;
};

/* Begin. ERROR_AUDIT_UNAVAILABLE: the log would not take the entry;
 * state_writer_begin()'s. */
int state_change_begin(struct state_changer *changer,
    struct state_change *change, struct error *err);

/* One more entry: as `entry` has it, at the change's time. */
int state_change_owe(struct state_change *change, struct entry entry,
    const char *capability, struct slice request, struct error *err);

/* Commit if `result` is 0, else take all back and return -1; then the entries
 * go to the log. With `call`: it is answered by `answer` (an object as JSON,
 * taken and wiped) as soon as they are durable. */
int state_change_end(struct state_change *change, int result,
    struct command_call *call, struct buf *answer, struct error *err);

/* The same; `on_recorded` (NULL: nobody waits) hears instead, once, if this
 * returned 0, and perhaps before it does. */
int state_change_end_then(struct state_change *change, int result,
    owed_on_recorded on_recorded, void *context, struct error *err);

/* The beginning of an entry that the daemon makes by itself. */
struct entry state_change_own_entry(void);

#endif
