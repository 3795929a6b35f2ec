/* state.db: what no log can give back. It is backed up and migrated, never
 * rebuilt.
 *
 * A damaged one, or one that was deleted, has a new one in its place (aside.h),
 * and state_sentence() says what is lost. The log does not depend on it: where
 * it cannot be read or written (a full disk) every function fails, the daemon
 * goes on, and state_retry() takes it up again.
 *
 * Of one thread: the loop's.
 */
#ifndef KRUXOSD_STATE_H
#define KRUXOSD_STATE_H

#include "base/clock.h"
#include "base/error.h"
#include "base/sha256.h"
#include "store/status.h"

#include <stdbool.h>
#include <stdint.h>

struct state;

/* Open, create or migrate the file at `path` (copied). NULL: ERROR_INVALID, it
 * was written by a later version, which this one must not touch. */
struct state *
state_open(const char *path, struct clock *clock, struct error *err);
void state_close(struct state *state);

/* Is it usable, and is all there that was written? Why not, else "". That
 * another process has locked it for a while is no failure. */
enum status_state state_status(const struct state *state);
const char *state_sentence(const struct state *state);

/* Once a minute: what failed is tried again. */
void state_retry(struct state *state);

/* Who has tables of his own in the same file thinks by `err` that it is
 * damaged: it is opened and looked at anew, and put aside if it is. */
void state_tell(struct state *state, const struct error *err);

/* --- retention --------------------------------------------------------- */

/* All that was ever taken out of the log. */
struct state_removed {
	uint64_t through_seq; /* the last entry that is gone */
	uint64_t files;
	uint64_t bytes;
	uint64_t entries;
	uint64_t agent_entries;
	uint64_t sessions;    /* session.start */
	uint64_t evaluations; /* entries with a policy tier */
	uint64_t errors;
	uint64_t denied;
};

int state_read_removed(
    struct state *state, struct state_removed *ret_removed, struct error *err);

/* The totals as they are now; `at` (CLOCK_BOOTTIME) counts as a removal. */
int state_set_removed(struct state *state, const struct state_removed *removed,
    usec_t at, struct error *err);

/* How many files were removed since `since` (CLOCK_BOOTTIME) in this boot. */
int state_count_removals(
    struct state *state, usec_t since, uint64_t *ret_count, struct error *err);

/* --- erasure ----------------------------------------------------------- */

enum { STATE_ERASURES = 64 };

/* audit.erase entries that are not done: at most STATE_ERASURES of them, the
 * oldest first. */
int state_read_erasures(struct state *state,
    uint64_t ret_seqs[static STATE_ERASURES], size_t *ret_count,
    struct error *err);
int state_add_erasure(struct state *state, uint64_t seq, struct error *err);
int state_end_erasure(struct state *state, uint64_t seq, struct error *err);

/* --- verification ------------------------------------------------------ */

struct state_verification {
	uint64_t seq; /* the chain holds through here; 0: nothing is known */
	unsigned char hash[SHA256_BYTES];
	usec_t whole_at;  /* CLOCK_REALTIME; 0: the log was never read whole */
	char damage[256]; /* what was found; "": nothing */
};

int state_read_verification(struct state *state,
    struct state_verification *ret_verification, struct error *err);
int state_set_verification(struct state *state,
    const struct state_verification *verification, struct error *err);

/* --- sign-in ------------------------------------------------------------ */

/* Nobody is signed in any more, and no link signs in. Before who has tables of
 * his own there has read them. */
int state_end_sign_ins(struct state *state, struct error *err);

/* --- the index, held against the log ------------------------------------ */

/* When that was done last (CLOCK_REALTIME); 0: never. */
int state_read_scrubbed(struct state *state, usec_t *ret_at, struct error *err);
int state_set_scrubbed(struct state *state, usec_t at, struct error *err);

#endif
