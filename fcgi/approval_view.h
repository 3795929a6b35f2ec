/* Approvals as they are shown: what the index knows of them, what their entries
 * say, and which of them kruxosd holds.
 *
 * The index has all: those that kruxosd holds, and those of other gateways and
 * of agents that ask their own users. Only what kruxosd holds is decided here.
 */
#ifndef FCGI_APPROVAL_VIEW_H
#define FCGI_APPROVAL_VIEW_H

#include "base/arena.h"
#include "fcgi/program.h"
#include "store/approvals.h"

enum approval_held {
	APPROVAL_HELD_UNKNOWN, /* kruxosd does not answer */
	APPROVAL_HELD_NOT,
	/* Until it is decided; or, accepted, until the call is made. */
	APPROVAL_HELD,
};

struct approval_view {
	struct approval approval;
	enum approval_held held;
	struct slice capability; /* what was asked for */
	/* Of the entry that asks, an object as JSON; {NULL, 0}: there is none
	 * (any more). */
	struct slice request;
	struct slice reason; /* of who decided; {NULL, 0}: none */
};

struct approval_views {
	struct approval_view *views; /* the newest first; in the arena */
	size_t count;
	bool has_more;
	uint64_t total; /* of all in these states */
	uint64_t through_seq;
};

/* As approvals_list(). Asks kruxosd, so it takes a while. */
int approval_view_read(struct program *prog, const struct request *req,
    unsigned states, uint64_t before_seq, size_t limit,
    struct approval_views *ret_views, struct error *err);

#endif
