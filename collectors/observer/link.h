/* The connection to ingest.sock: a command at a time, and nobody waits.
 *
 * Not lib/door/door.h, which waits for each answer: a daemon that waits for its
 * disk would stop our checks, too. When nobody is at the other end, it is tried
 * again after half a second, then after twice that, up to five; what was not
 * answered is not sent again, since the next report says it anew.
 */
#ifndef OBSERVER_LINK_H
#define OBSERVER_LINK_H

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/slice.h"

#include <stdbool.h>
#include <systemd/sd-event.h>

struct link;

struct link_handlers {
	void (*on_open)(void *context); /* there is a new connection */
	/* The command was done, or refused; the link is ready again. */
	void (*on_answered)(void *context, bool is_done);
	void *context;
};

/* `path` is copied. It begins to connect in the loop. Never NULL. */
struct link *link_new(sd_event *event, struct clock *clock, const char *path,
    const struct link_handlers *handlers);
void link_free(struct link *link);
DEFINE_CLEANUP(struct link *, link_free);

/* Is there a connection on which nothing is under way? One on which nothing
 * has moved for LINK_PATIENCE is given up here. */
bool link_is_ready(struct link *link);

#define LINK_PATIENCE (15 * USEC_PER_SEC)

/* Send a command when link_is_ready(); `args` is an object as JSON. */
void link_send(struct link *link, const char *verb, struct slice args);

#endif
