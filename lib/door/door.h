/* The door, seen from outside: connect, send, wait until durable.
 *
 * For programs without a loop: every call blocks, at most for the time given
 * at door_open() without a sign of life from the daemon. Lines are pipelined:
 * door_send() keeps them back until a good piece is together, returns while
 * lines before are still on their way, and blocks only when too many of them
 * have no outcome yet; so one client reaches what the daemon can take. Who has
 * nothing more to send at the moment calls door_flush(). Each line's outcome
 * comes to `on_outcome`, in the order of lines, from inside door_send(),
 * door_command() or door_flush(); it may not call the door.
 *
 * Delivery is at least once, and the caller decides: a connection that ends
 * leaves some lines without an outcome (door_unsettled()). They may have been
 * recorded or not; sending them again over a new connection is safe for
 * entries with a call_id.
 */
#ifndef DOOR_DOOR_H
#define DOOR_DOOR_H

#include "base/cleanup.h"
#include "base/clock.h"
#include "door/answer.h"

/* What became of a line. */
struct door_outcome {
	uint64_t line; /* the first that was sent is 1; commands count too */
	uint64_t seq;  /* recorded under this; 0: not recorded, and then: */
	const struct error *error; /* why not; else NULL */
	bool is_duplicate; /* seq is that of an earlier entry that says it */
};

typedef void (*door_on_outcome)(
    void *context, const struct door_outcome *outcome);
typedef void (*door_on_progress)(void *context, double progress);

struct door;

/* Connect to the socket at `path`. ERROR_UNREACHABLE: nobody is there;
 * ERROR_NOT_ALLOWED: modes keep us out; ERROR_INVALID: the path is too long
 * for a socket. `timeout` 0: none. `on_outcome` may be NULL. */
struct door *door_open(const char *path, usec_t timeout,
    door_on_outcome on_outcome, void *context, struct error *err);
void door_close(struct door *door);

DEFINE_CLEANUP(struct door *, door_close);

/* Send a line, without its '\n'. An empty one counts and has no outcome.
 * ERROR_INVALID: it holds a '\n'; ERROR_TOO_LONG; these leave the connection
 * as it is. ERROR_UNREACHABLE: it has ended, or the daemon gave no sign of
 * life in time; ERROR_NOT_ALLOWED: the door refuses this user;
 * ERROR_CORRUPT: what answers is no kruxosd. These last: every call fails so
 * from now on. */
int door_send(struct door *door, struct slice line, struct error *err);

/* Wait until every line has had its outcome. -1: as door_send(). */
int door_flush(struct door *door, struct error *err);

/* Run a command and wait for its end. `args` is an object as JSON, or {NULL,
 * 0}; `credential` or {NULL, 0}; `on_progress` may be NULL. The result (an
 * object as JSON) replaces what `ret_result` held; NULL: not wanted. -1: what
 * the daemon answered (code, field, sentence), or as door_send(). */
int door_command(struct door *door, const char *verb, struct slice args,
    struct slice credential, door_on_progress on_progress, void *context,
    struct buf *ret_result, struct error *err);

/* How many lines were sent (the number of the last), and how many of them
 * still have to have their outcome. */
uint64_t door_sent(const struct door *door);
uint64_t door_unsettled(const struct door *door);

#endif
