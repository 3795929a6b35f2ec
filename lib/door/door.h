/* The door, seen from outside: connect, send, wait until durable.
 *
 * For programs without a loop: every call blocks, at most for the time given
 * at door_open() without a sign of life from the daemon. Lines are pipelined:
 * door_send() returns while lines before it are still on their way, and blocks
 * only when more than a window of them is unanswered; so one client reaches
 * what the daemon can take. Each line's outcome comes to `on_outcome`, in the
 * order of lines, from inside door_send(), door_command() or door_flush().
 *
 * Delivery is at least once, and the caller decides: a connection that ends
 * (ERROR_UNREACHABLE) leaves some lines without an outcome. They may have been
 * recorded or not; sending them again over a new connection is safe for
 * entries with a call_id.
 */
#ifndef DOOR_DOOR_H
#define DOOR_DOOR_H

#include "base/clock.h"
#include "door/answer.h"

/* What became of a line. */
struct door_outcome {
	uint64_t line;		   /* as counted by door_send(), from 1 */
	uint64_t seq;		   /* recorded under this; 0: not recorded */
	bool is_duplicate;	   /* … and that was before */
	const struct error *error; /* why not; NULL when recorded */
};

typedef void (*door_on_outcome)(
    void *context, const struct door_outcome *outcome);
typedef void (*door_on_progress)(void *context, double progress);

struct door;

/* Connect to the socket at `path`. ERROR_UNREACHABLE: nobody is there;
 * ERROR_INVALID: the path is too long for a socket; ERROR_NOT_ALLOWED comes
 * with the first answer. `timeout` 0: none. `on_outcome` may be NULL. */
struct door *door_open(const char *path, usec_t timeout,
    door_on_outcome on_outcome, void *context, struct error *err);
void door_close(struct door *door);

/* Send one line (an entry; without '\n', which `line` may not hold). Its
 * number is one more than the last. -1: ERROR_UNREACHABLE (the connection has
 * ended; err says how), ERROR_TOO_LONG, ERROR_NOT_ALLOWED (the door refuses
 * this user). */
int door_send(struct door *door, struct slice line, struct error *err);

/* Wait until every line has had its outcome. */
int door_flush(struct door *door, struct error *err);

/* Run a command and wait for its end: {"do":VERB,"args":ARGS}. `args` is an
 * object as JSON, or {NULL, 0}; `credential` or {NULL, 0}. `on_progress` may
 * be NULL. The result (an object as JSON) replaces what `ret_result` held;
 * NULL: not wanted. -1: what the daemon answered (code, field, sentence), or
 * ERROR_UNREACHABLE. */
int door_command(struct door *door, const char *verb, struct slice args,
    struct slice credential, door_on_progress on_progress, void *context,
    struct buf *ret_result, struct error *err);

/* How many lines were sent, and how many have had their outcome. */
uint64_t door_sent(const struct door *door);
uint64_t door_settled(const struct door *door);

#endif
