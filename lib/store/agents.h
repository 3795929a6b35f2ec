/* Who has been seen: agents and users, with what they did so far.
 *
 * A projection of the log (collectors/kruxosd/projection.h): counts are of
 * the entries that are still in the log.
 */
#ifndef STORE_AGENTS_H
#define STORE_AGENTS_H

#include "base/arena.h"
#include "store/store.h"

enum { AGENTS_LIMIT = 1000 }; /* of one list */

struct agent {
	enum entry_actor actor; /* ENTRY_AGENT or ENTRY_USER */
	struct slice name;
	usec_t first_seen, last_seen; /* `time` of entries */
	uint64_t last_seq;
	struct slice last_capability;
	uint64_t by_status[ENTRY_STATUSES];
	uint64_t sessions; /* that it started */
};

struct agent_list {
	struct agent *agents; /* the one seen last is first; in the arena */
	size_t count;
	uint64_t total; /* of all there are */
};

/* Agents (ENTRY_AGENT) or users (ENTRY_USER), `limit` of them from `offset`
 * on. Errors are the store's. */
int agents_list(struct store *store, enum entry_actor actor, size_t offset,
    size_t limit, struct arena *arena, struct agent_list *ret_list,
    struct error *err);

/* One of them. ERROR_NOT_FOUND, or the store's. */
int agents_find(struct store *store, enum entry_actor actor, struct slice name,
    struct arena *arena, struct agent *ret_agent, struct error *err);

/* What the Health page and /api/metrics say of agents. */
struct agent_metrics {
	uint64_t active;	    /* an entry within 5 minutes of `now` */
	uint64_t sessions;	    /* that were started */
	uint64_t invocations;	    /* not pending, within 60 s of `now` */
	uint64_t succeeded, failed; /* within 5 minutes: the error rate's */
};

int agents_metrics(struct store *store, usec_t now,
    struct agent_metrics *ret_metrics, struct error *err);

#endif
