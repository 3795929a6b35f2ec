/* One FastCGI connection: all that is peculiar about libfcgi.
 *
 * The server accepts the socket and says when there is something to read; a
 * connection reads one request after the other from it and writes the answer.
 * libfcgi reads; it would write by 8 KiB, copied, so records are written here,
 * a whole answer at once. Descriptors stay blocking and have time-outs.
 */
#ifndef HTTP_CONNECTION_H
#define HTTP_CONNECTION_H

#include "http/reply.h"

#include <fcgiapp.h>

struct connection {
	struct reply_sink sink; /* where the answer goes */
	FCGX_Request fcgi;	/* private, as what follows */
	struct buf body;
	size_t body_bytes;
	bool is_ended; /* the end of the answer has been sent */
};

/* Once in a process, before all else. It sets handlers for SIGPIPE, SIGUSR1
 * and SIGTERM: who wants others sets them afterwards. */
void connection_init_library(void);

/* `fd` becomes the connection's; a body may have `body_bytes`. */
void connection_open(struct connection *conn, int fd, size_t body_bytes);

/* Its descriptor; -1 once the connection has ended. */
int connection_fd(const struct connection *conn);

/* Read the request that has begun to come, its body included. -1: the
 * connection's end, or something that is no request; it is to be closed. */
int connection_read(struct connection *conn);

/* The request's variables, as environ(7); good until connection_finish(). */
char **connection_variables(const struct connection *conn);

/* Its body: of one that is longer than it may be, some more than that. Good for
 * as long. */
struct slice connection_body(const struct connection *conn);

/* The answer is written: tell the peer, and keep the connection for the next
 * request if the peer wants that (connection_fd() is not -1). */
void connection_finish(struct connection *conn);

/* May the answer be written by somebody else, as records of request 1? */
bool connection_is_takeable(const struct connection *conn);

/* Give the descriptor away, with nothing answered. */
int connection_take(struct connection *conn);

/* End it at once, whatever it carries; may be called again. */
void connection_close(struct connection *conn);

#endif
