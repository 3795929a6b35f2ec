/* What a stack under RUNDIR needs before its parts start: a configuration and
 * free ports. What is there already is kept. */
#ifndef RUN_SETUP_H
#define RUN_SETUP_H

#include "cli/run/rundir.h"
#include "config/config.h"

#include <stdint.h>

/* What the user asked for; NULL and 0: nothing. */
struct setup_wanted {
	const char *bind;
	uint64_t health_port, dash_port, gateway_port;
};

/* Read RUNDIR/kruxos.conf, after writing it if there is none, and see that the
 * ports are free. ERROR_INVALID: it says something else than what is wanted.
 * ERROR_BUSY names the port and what changes it. */
int setup_config(const struct rundir *dir, const struct setup_wanted *wanted,
    struct arena *arena, struct config **ret_config, struct error *err);

#endif
