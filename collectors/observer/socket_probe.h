/* The kind `unix`: somebody takes connections at the socket's path. */
#ifndef OBSERVER_SOCKET_PROBE_H
#define OBSERVER_SOCKET_PROBE_H

#include "collectors/observer/check.h"

#include <systemd/sd-event.h>

struct socket_probes;

extern const struct probe_kind socket_probe;

struct socket_probes *socket_probes_new(sd_event *event); /* never NULL */
void socket_probes_free(struct socket_probes *probes);

#endif
