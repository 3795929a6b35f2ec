/* FastCGI by epoll: one thread answers what is quick, a few more what is not.
 *
 * libfcgi parses requests; who is served when is decided here. A kept
 * connection costs nothing between its requests, so nginx may keep as many as
 * it likes. (A thread for each connection hangs as soon as nginx keeps more
 * connections than there are threads; a connection for each request is three
 * times slower.)
 *
 * server_run() ends after SIGTERM or SIGINT: no new connection is taken, what
 * runs may finish, bounded by `patience`. SIGHUP calls on_hangup.
 */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include "base/clock.h"
#include "base/error.h"
#include "http/listener.h"
#include "http/loop.h"
#include "http/route.h"

struct server;

struct server_settings {
	const struct route *routes;
	struct program *program; /* handed to handlers and callbacks */
	size_t body_bytes;	 /* a body's; 0: REQUEST_BODY_BYTES */

	/* The pool of ROUTE_SLOW: its threads are the workers 1…slow_threads
	 * (request.worker). Started when first needed. */
	unsigned slow_threads;
	size_t slow_waiting; /* requests that may wait for one; beyond: 503 */
	/* The pool of ROUTE_DOWNLOAD, the workers after those. */
	unsigned download_threads;
	size_t download_waiting;

	usec_t patience; /* at the stop, for what still runs */

	void (*on_hangup)(struct program *program); /* may be NULL */
	/* Every few seconds, for `count` workers from `first` on, all of which
	 * have nothing to do just then: give back what they keep for the next
	 * request. May be NULL. */
	void (*on_rest)(
	    struct program *program, unsigned first, unsigned count);
	/* The stop begins: end what would last (broadcast_end()). */
	void (*on_stop)(struct program *program); /* may be NULL */
};

/* The listener becomes the server's; `routes` and the names in `settings`
 * outlive it. The process's signal handling becomes the server's too, and its
 * limit of open files rises, since each stream is one. NULL: ERROR_SYSTEM. */
struct server *server_new(struct loop *loop, struct listener *listener,
    const struct server_settings *settings, struct error *err);

/* Takes NULL. False: a handler does not end, whatever request_gone() tells it;
 * what it works on is still there, and the process is to _exit(). */
bool server_free(struct server *server);

/* Serve until a signal or server_stop(). -1: ERROR_SYSTEM. */
int server_run(struct server *server, struct error *err);

/* Begin the graceful stop. */
void server_stop(struct server *server);

#endif
