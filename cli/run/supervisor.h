/* Starts the parts of a stack, starts again what ends, stops them in order.
 *
 * The sockets of the FastCGI programs are opened here and are their standard
 * input, so that a request that comes while one starts again waits for it and
 * is not refused.
 */
#ifndef RUN_SUPERVISOR_H
#define RUN_SUPERVISOR_H

#include "cli/run/part.h"
#include "cli/run/programs.h"
#include "config/config.h"

enum { SUPERVISOR_PARTS = 16 };

struct supervisor {
	struct rundir dir;
	struct programs programs;
	struct config *config;
	struct part parts[SUPERVISOR_PARTS]; /* in the order of starting */
	size_t count;
	int signal_fd; /* SIGCHLD, SIGHUP, SIGINT, SIGTERM */
	struct arena arena;
};

/* The signals that are read from the descriptor returned, from now on. */
int supervisor_open_signals(void);

/* The next of them within the time (-1: for ever); 0: none came. */
int supervisor_next_signal(int signal_fd, int timeout_ms);

/* See that there are a certificate and nginx's configuration, made anew of
 * `config`. */
int supervisor_write_site(const struct supervisor *supervisor,
    const struct config *config, struct error *err);

/* Make the list of parts, of what is there. */
int supervisor_add_parts(struct supervisor *supervisor, struct error *err);

/* Start everything and wait until it answers. 1; 0: told to stop; -1. In the
 * last two cases some parts may run. */
int supervisor_start(struct supervisor *supervisor, struct error *err);

/* Keep it running, until told to stop. */
void supervisor_run(struct supervisor *supervisor);

/* Stop whatever runs. Told to stop once more, it waits for nobody. */
void supervisor_stop(struct supervisor *supervisor);

#endif
