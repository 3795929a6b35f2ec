/* A program that is asked something and answers in lines.
 *
 * It gets pipes for its standard input and output, its standard error goes
 * nowhere, and it is not waited for longer than `timeout` in all. */
#ifndef CLI_CHILD_H
#define CLI_CHILD_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"

#include <sys/types.h>

enum { CHILD_OUTPUT_BYTES = 4 << 20 };

struct child {
	const char *name;
	pid_t pid;
	int input, output;
	usec_t until;
	struct buf text; /* what it has said and nobody has taken */
	size_t taken;
};

/* Start `argv`, its name a path. ERROR_SYSTEM. */
int child_start(
    struct child *child, char *const *argv, usec_t timeout, struct error *err);

/* End it if it has not ended, and whatever it has started; free all. */
void child_end(struct child *child);

/* Write `text` to it. ERROR_UNREACHABLE: it does not read. */
int child_say(struct child *child, struct slice text, struct error *err);

/* The next line of its output, without its end, good until the next call; the
 * last one may lack its newline. 1; 0: there is no more; -1: ERROR_UNREACHABLE
 * (nothing came in time), ERROR_TOO_LONG, ERROR_SYSTEM. */
int child_line(struct child *child, struct slice *ret, struct error *err);

#endif
