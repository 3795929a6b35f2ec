/* One check of a service, once it runs: how it ends.
 *
 * A probe is a way to check (`http` and `tcp`: web_probe.h; `unix`:
 * socket_probe.h; `systemd`: unit_probe.h). It is begun, and later says what it
 * found by check_end(), or is cancelled: when the time is over, or nobody wants
 * to know any more. It never blocks. Whose time is over is checks.c's to say.
 */
#ifndef OBSERVER_CHECK_H
#define OBSERVER_CHECK_H

#include "config/config.h"
#include "store/observed.h"

struct check;

/* What a check found, the details in words of ours; text of the peer's in them
 * is made visible and cut by check_end(). */
struct verdict {
	enum observed_status status;
	const char *details;
};

struct probe_kind {
	/* Begin to check check_service(). It may end at once. `probes` is what
	 * all checks of this kind share. */
	void (*begin)(void *probes, struct check *check);
	/* Give up what is under way; check_end() is not called. */
	void (*cancel)(void *probes, struct check *check);
};

const struct config_service *check_service(const struct check *check);

/* What the probe keeps of this check while it runs; NULL at the beginning. */
void **check_state(struct check *check);

/* The peer has done what its latency is counted by, though the check goes on;
 * without it, that is check_end(). */
void check_answered(struct check *check);

void check_end(struct check *check, const struct verdict *verdict);

#endif
