/* What waits for a person's word, and what was decided.
 *
 * A projection: an entry `approval.request` asks, and so does any call with the
 * status pending and the tier approval_required (a pending call of another
 * tier is merely under way); `approval.accept` or `approval.reject` of a user
 * with the same session_id and call_id decides; an `approval.reject` of the
 * system says that nobody has in time; and the call itself decides when it
 * ends without either (the agent's own prompt was answered). What was
 * asked for stands in the entry `seq`, which the log has: nothing of a payload
 * is kept here, so nothing has to be erased here.
 */
#ifndef STORE_APPROVALS_H
#define STORE_APPROVALS_H

#include "base/arena.h"
#include "store/store.h"

enum { APPROVALS_LIMIT = 1000 }; /* of one list */

enum approval_state {
	APPROVAL_PENDING,
	APPROVAL_ACCEPTED,
	APPROVAL_REJECTED,
	APPROVAL_ENDED, /* the call went on, or was denied, by itself */
	APPROVAL_STATES
};

struct approval {
	uint64_t seq; /* of the entry that asks: its id */
	enum approval_state state;
	enum entry_actor actor;
	struct slice actor_name;
	struct slice session_id; /* {NULL, 0}: none */
	struct slice call_id;
	struct slice capability; /* of the entry that asks */
	usec_t asked_at;	 /* its `time` */
	uint64_t decided_seq;	 /* 0: pending */
	usec_t decided_at;
	struct slice decided_by; /* the user's name; {NULL, 0}: nobody's */
};

struct approval_list {
	struct approval *approvals; /* the newest first; in the arena */
	size_t count;
	uint64_t total; /* of all in these states */
};

/* `states` is a set of 1 << APPROVAL_…; entries before `before_seq` (0: all).
 * Errors are the store's. */
int approvals_list(struct store *store, unsigned states, uint64_t before_seq,
    size_t limit, struct arena *arena, struct approval_list *ret_list,
    struct error *err);

/* How many wait, and since when the one that has waited longest (0: none). */
int approvals_pending(struct store *store, uint64_t *ret_count,
    usec_t *ret_asked_at, struct error *err);

/* One, by the seq of the entry that asks. ERROR_NOT_FOUND. */
int approvals_find(struct store *store, uint64_t seq, struct arena *arena,
    struct approval *ret_approval, struct error *err);

#endif
