/* The kind `systemd`: the unit is active, says systemd over the system bus. */
#ifndef OBSERVER_UNIT_PROBE_H
#define OBSERVER_UNIT_PROBE_H

#include "collectors/observer/check.h"

#include <systemd/sd-event.h>

struct unit_probes;

extern const struct probe_kind unit_probe;

/* The bus is connected to when the first check begins, and again after it has
 * gone. Never NULL. */
struct unit_probes *unit_probes_new(sd_event *event);
void unit_probes_free(struct unit_probes *probes);

#endif
