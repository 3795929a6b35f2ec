/* Approvals as they are shown: those that kruxosd holds, and those that the log
 * tells of.
 *
 * What is decided here is what kruxosd holds, so that is shown as kruxosd has
 * it: an entry that tells of an approval may have been written by anybody who
 * may write entries, under the id of a call that is held. The log has the
 * others: those of other gateways and of agents that ask their own users, and
 * what was decided.
 */
#ifndef FCGI_APPROVAL_VIEW_H
#define FCGI_APPROVAL_VIEW_H

#include "fcgi/program.h"

#include "store/approvals.h"

enum approval_held {
	APPROVAL_HELD_UNKNOWN, /* kruxosd does not answer */
	APPROVAL_HELD_NOT,
	/* Until it is decided; or, accepted, until the call is made. */
	APPROVAL_HELD,
};

struct approval_view {
	/* `capability` is what is asked for; `seq` 0: not in the index yet. */
	struct approval approval;
	enum approval_held held;
	/* An object as JSON; {NULL, 0}: there is none (any more). */
	struct slice request;
	struct slice reason; /* of who decided; {NULL, 0}: none */
};

struct approval_views {
	struct approval_view *views; /* in the arena */
	size_t count;
	bool has_more;
	uint64_t total; /* the others included */
	uint64_t through_seq;
};

/* What waits, the longest first, or what was decided, the newest first, of what
 * asked before the entry `before_seq` (0: all). Both ask kruxosd, which takes a
 * while; without it the log alone is shown. Errors are the store's. */
int approval_view_open(struct program *prog, const struct request *req,
    size_t limit, struct approval_views *ret_views, struct error *err);
int approval_view_decided(struct program *prog, const struct request *req,
    uint64_t before_seq, size_t limit, struct approval_views *ret_views,
    struct error *err);

#endif
