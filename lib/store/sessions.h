/* An agent's session: from session.start to session.end, or whatever of it is
 * in the log. A projection: anything with a session_id is part of one. */
#ifndef STORE_SESSIONS_H
#define STORE_SESSIONS_H

#include "base/arena.h"
#include "store/store.h"

enum {
	SESSIONS_LIMIT = 1000,	  /* of one list */
	SESSIONS_OF_ONE_ID = 100, /* the newest, where more share an id */
};

struct session {
	struct slice id;
	enum entry_actor actor;
	struct slice actor_name;
	usec_t started_at;	      /* of session.start; 0: it was not seen */
	usec_t ended_at;	      /* of session.end; 0: it goes on */
	usec_t first_seen, last_seen; /* `time` of entries */
	uint64_t first_seq, last_seq;
	struct slice last_capability;
	uint64_t by_status[ENTRY_STATUSES];
};

struct session_list {
	struct session *sessions; /* in the arena */
	size_t count;
};

/* The sessions of this id: usually one; more where several agents use the same
 * id. The newest first. ERROR_NOT_FOUND, or the store's. */
int sessions_find(struct store *store, struct slice id, struct arena *arena,
    struct session_list *ret_list, struct error *err);

/* The newest `limit` sessions that were first seen before entry `before_seq`
 * (0: the newest of all), of one agent or, with {NULL, 0}, of everyone. */
int sessions_list(struct store *store, struct slice agent_name,
    uint64_t before_seq, size_t limit, struct arena *arena,
    struct session_list *ret_list, struct error *err);

#endif
