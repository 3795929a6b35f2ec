/* Connections as they come: all that wait are taken in a turn, and where the
 * process has no descriptor left for one, they wait in the backlog for a
 * moment instead of turning the loop.
 */
#ifndef HTTP_ACCEPTOR_H
#define HTTP_ACCEPTOR_H

#include "http/listener.h"
#include "http/loop.h"

struct acceptor {
	void (*on_accepted)(void *context, int fd); /* close-on-exec */
	void *context;

	/* Private. */
	struct loop *loop;
	struct listener listener;
	struct loop_watch watch;
	struct loop_timer resume;
	struct loop_hook hook;
	usec_t crowded_until;
	bool open;
};

/* Begin. `listener` becomes the acceptor's, in every case. -1: ERROR_SYSTEM. */
int acceptor_open(struct acceptor *acceptor, struct loop *loop,
    struct listener *listener, struct error *err);

/* Take no more. Who has connected to a path that is ours to remove is taken
 * still; a socket that was passed to us has its next owner. */
void acceptor_stop(struct acceptor *acceptor);

/* The same without the last connections; may be called again. */
void acceptor_close(struct acceptor *acceptor);

#endif
