/* The calls that have begun and not ended yet, from one hook to the next.
 *
 * Each event is a process of its own, so what the second half of a call has to
 * know of the first lies in a folder of the user's ($XDG_RUNTIME_DIR/kruxos-
 * hook, else /tmp/kruxos-hook-UID; 0700): a folder a session, in it a small
 * file a call, whose name says since when; and a file a sub-agent, which says
 * what call started it. Who takes a call removes its file: of several, one has
 * it.
 *
 * Nothing depends on it but durations and the words between two entries: where
 * the folder is not ours or full, calls are recorded without. What is a day old
 * or of an earlier boot is removed in passing.
 */
#ifndef HOOK_WAITING_H
#define HOOK_WAITING_H

#include "base/clock.h"
#include "base/error.h"
#include "log/entry.h"

enum {
	WAITING_NAME_BYTES = 80, /* of a file */
	WAITING_FILES = 1024,	 /* more of a session are not kept */
};

#define WAITING_AGE USEC_PER_DAY

struct waiting_call {
	char file[WAITING_NAME_BYTES];
	usec_t begun;	 /* CLOCK_BOOTTIME */
	usec_t asked;	 /* a person, since then; 0: not */
	uint64_t digest; /* of the call (event.h) */
	enum entry_tier tier;
	bool is_explicit;   /* … because a line of the policy says so */
	bool has_made_id;   /* call_id is ours: the agent has none */
	bool starts_agents; /* a sub-agent comes of it */
	struct slice call_id;
	struct slice capability;
	struct slice agent_id; /* the sub-agent that calls; {"", 0}: none */
	struct buf text;       /* that the slices lie in */
};

#define WAITING_CALL_INIT        \
	{                        \
		.text = BUF_INIT \
	}

void waiting_call_free(struct waiting_call *call);

struct waiting;

/* The folder as the environment has it, and the calls of `session` of the agent
 * named in it. `now`: CLOCK_BOOTTIME. NULL: it is not there and cannot be made,
 * or is not ours alone. */
struct waiting *waiting_open(struct slice agent_name, struct slice session,
    usec_t now, struct error *err);
void waiting_free(struct waiting *waiting);

/* A call begins; what `call` has, but its file. */
void waiting_begin(struct waiting *waiting, const struct waiting_call *call);

/* What is looked for; of several, the one that has waited longest. */
struct waiting_wanted {
	struct slice call_id;	      /* {NULL, 0}: any */
	const uint64_t *digest;	      /* NULL: any */
	const struct slice *agent_id; /* NULL: of any sub-agent, or none */
	bool is_asked;		      /* only such that wait for a person */
};

/* Find a call. It stays. */
bool waiting_find(struct waiting *waiting, const struct waiting_wanted *wanted,
    struct waiting_call *ret);

/* Find a call and take it: nobody else gets it. */
bool waiting_take(struct waiting *waiting, const struct waiting_wanted *wanted,
    struct waiting_call *ret);

/* A person is asked about it since `now`. */
void waiting_ask(
    struct waiting *waiting, const struct waiting_call *call, usec_t now);

/* The sub-agent `agent_id` was started by `call_id`; {NULL, 0}: by the call
 * that has waited longest for one. */
void waiting_link(
    struct waiting *waiting, struct slice agent_id, struct slice call_id);

/* The call that started it, into `ret`; left empty if that is not known. */
void waiting_find_parent(
    struct waiting *waiting, struct slice agent_id, struct buf *ret);

/* Nothing of this session waits any more. */
void waiting_end(struct waiting *waiting);

/* Remove what is left of sessions that nobody has ended for a day before
 * `realtime`. */
void waiting_sweep(struct waiting *waiting, usec_t realtime);

#endif
