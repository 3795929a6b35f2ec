/* A program that runs for as long as the stack does.
 *
 * It leads a process group of its own, so that what it leaves behind can be
 * found and Ctrl-C does not reach it; its output goes to log/NAME.log, its
 * number to pid/NAME.pid. One that ends is due again after a pause, which
 * doubles each time up to ten seconds, and is short again once it has lasted.
 */
#ifndef RUN_PART_H
#define RUN_PART_H

#include "base/clock.h"
#include "cli/run/rundir.h"
#include "http/listener.h"

struct part {
	const char *name;
	char **argv;
	struct listener listener; /* its standard input; fd -1: none */
	const char *socket; /* one it makes itself and may leave behind; NULL */
	pid_t pid;	    /* 0: it does not run */
	usec_t started_at;  /* CLOCK_MONOTONIC */
	usec_t due_at;	    /* to be started, while it does not run */
	usec_t pause;
	unsigned ends;	   /* how often it has ended */
	unsigned refusals; /* starts that failed since the last that did not */
};

/* A part that is due at once. `name` and `argv` (count words) are copied. */
void part_init(struct part *part, const char *name, char *const *argv,
    size_t count, struct arena *arena);

/* Remove the socket that it has left behind. ERROR_INVALID: something else
 * stands there; ERROR_BUSY: somebody answers on it. */
int part_clear_socket(const struct part *part, struct error *err);

/* Start it. -1: it is due again later. */
int part_start(struct part *part, const struct rundir *dir, struct error *err);

/* It has ended with `status` (waitpid(2)): say so, and end what it left. */
void part_ended(
    struct part *part, const struct rundir *dir, int status, bool is_stopping);

/* Show the end of its log on stderr. */
void part_show_log(const struct part *part, const struct rundir *dir);

#endif
