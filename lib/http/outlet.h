/* One reader's end of a broadcast: its socket, its place in the ring, and what
 * waits for it alone.
 *
 * While it is live it follows the ring; else only what is private goes out.
 * Whatever stands ready goes in one send that never blocks. An event that was
 * taken in part is held until the rest has gone, so the ring may move on
 * whenever it likes; `after` tells from where on to read the past then.
 */
#ifndef HTTP_OUTLET_H
#define HTTP_OUTLET_H

#include "base/buf.h"
#include "http/ring.h"

#include <stdbool.h>

struct outlet {
	int fd;
	bool live;
	uint64_t next;	    /* live: the number of the event that comes next */
	uint64_t after;	    /* it has, or does not want, all up to this id */
	struct buf private; /* FCGI_STDOUT, before the ring's */
	size_t private_sent;
	struct ring_event *rest; /* or NULL; then there is nothing private */
	size_t rest_sent;
	void *filter; /* the owner's */
	/* Does this event go here? NULL: each does; and each without a
	 * payload. */
	bool (*wants)(const void *filter, const void *payload);
};

enum outlet_state {
	OUTLET_DRAINED, /* it has all that stood ready */
	OUTLET_BLOCKED, /* its socket takes no more: EPOLLOUT will tell */
	OUTLET_GONE,
};

/* Shut the socket and close it. */
void outlet_close(struct outlet *outlet, struct ring *ring);

/* Go live behind `after`, which the ring reaches. */
void outlet_follow(struct outlet *outlet, const struct ring *ring);

/* Has the ring moved past it? Then it must not send before it is made live
 * again, or no longer is. */
bool outlet_is_behind(const struct outlet *outlet, const struct ring *ring);

/* Send what stands ready. The bytes taken are added to `ret_taken`. */
enum outlet_state
outlet_send(struct outlet *outlet, struct ring *ring, size_t *ret_taken);

#endif
