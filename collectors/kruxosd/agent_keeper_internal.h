/* The inside of the keeper of agents, for its files alone: agent_keeper.c and
 * agent_commands.c. */
#ifndef KRUXOSD_AGENT_KEEPER_INTERNAL_H
#define KRUXOSD_AGENT_KEEPER_INTERNAL_H

#include "collectors/kruxosd/agent_keeper.h"
#include "collectors/kruxosd/agent_writer.h"
#include "collectors/kruxosd/throttle.h"

#include <sys/queue.h>

enum { AGENT_KEEPER_BUCKETS = 256 };

struct agent {
	struct agent_row row;
	usec_t noted_at; /* CLOCK_BOOTTIME: last_used_at, in state.db */
	bool is_used;	 /* since */
	LIST_ENTRY(agent) of_bucket;
};

struct agent_keeper {
	struct clock *clock;
	struct commit *commit;
	struct state_changer *changer;

	/* All of them by name, and by the first byte of their digest. */
	struct agent *agents[AGENT_KEEPER_AGENTS];
	size_t count;
	LIST_HEAD(, agent) buckets[AGENT_KEEPER_BUCKETS];
	bool is_loaded;
	uint64_t loaded_from; /* which opening of state.db (state_writer.h) */
	bool has_failed;      /* to be read or written, and that was said */

	struct throttle *guesses; /* of one source */
	struct throttle *denials; /* of one agent, that become entries */
	uint64_t unsaid;      /* refusals without an entry, since the last */
	uint64_t throttled;   /* guesses refused unheard, until it is said */
	usec_t throttled_due; /* CLOCK_BOOTTIME */
	usec_t guessed_at;    /* likewise: the last of them; 0: never */
	uint64_t guessed;     /* of them, since there were none for long */
	char guesser[AGENT_KEEPER_ADDRESS_BYTES + 1]; /* where it came from */
	char guessing[256];			      /* in words */
};

/* By name; NULL: there is none. */
struct agent *agent_keeper_find(struct agent_keeper *keeper, struct slice name);

/* As it is in state.db from now on: a new one, or one that has changed. */
void agent_keeper_put(struct agent_keeper *keeper, const struct agent_row *row);

/* ERROR_BUSY: what is in state.db is not known, and cannot be read now. */
int agent_keeper_need_loaded(struct agent_keeper *keeper, struct error *err);

#endif
