/* The service proxy as the daemon knows it: the last report, and what people
 * have decided of its writes until a report shows that it was done. Pure.
 *
 * A decision is done when its write is gone, or is no longer what it was
 * decided of: cancelled is what is buffered, retried or discarded what is a
 * dead letter. A retry that has failed again shows by its attempts.
 */
#ifndef KRUXOSD_PROXY_STATE_H
#define KRUXOSD_PROXY_STATE_H

#include "base/json_writer.h"
#include "store/proxy.h"

struct proxy_state;

/* Never NULL. */
struct proxy_state *proxy_state_new(void);
void proxy_state_free(struct proxy_state *state);

/* The last report, with what is decided. Good until the next call of what
 * follows. */
const struct proxy_report *proxy_state_report(const struct proxy_state *state);

/* What of a report differs from what was known before. */
enum proxy_state_change {
	PROXY_STATE_WRITES = 1 << 0,
	PROXY_STATE_ERRORS = 1 << 1, /* there are new ones */
	PROXY_STATE_ALL = PROXY_STATE_WRITES | PROXY_STATE_ERRORS,
};

/* Another report takes the place of the last one. All of it lies in `arena`,
 * which is the state's from now on, and empty afterwards. What went wrong since
 * the report before comes to its errors. Returns what has changed, beside the
 * services, which always do. */
unsigned proxy_state_take(struct proxy_state *state, struct arena *arena,
    const struct proxy_report *report);

/* What was kept before this start, as by proxy_state_take(); of what has been
 * reported since, it tells decisions and errors alone. */
void proxy_state_restore(struct proxy_state *state, struct arena *arena,
    const struct proxy_report *kept);

/* The write of which `action` can be decided now. NULL: ERROR_NOT_FOUND;
 * ERROR_CONFLICT, it is for another kind of writes, or something is decided
 * already. */
const struct proxy_write *proxy_state_find(const struct proxy_state *state,
    struct slice id, enum proxy_action action, struct error *err);

/* It is decided, by `user_name` at `now`. Errors as above. */
int proxy_state_decide(struct proxy_state *state, struct slice id,
    enum proxy_action action, struct slice user_name, usec_t now,
    struct error *err);

/* What is to be done, as `proxy.report` is answered: {"actions":[…]}. */
void
proxy_state_write_actions(const struct proxy_state *state, struct buf *out);

#endif
