/* The kinds `http` and `tcp`, by libcurl's multi interface in our loop.
 *
 * http: 2xx is healthy, if the body contains what it must; a redirect is not
 * followed and is degraded, since it was not the target that answered; every
 * other answer is unhealthy. tcp: host:port takes a connection and keeps it.
 *
 * Nothing of the environment is used, no proxy, no other protocol; each check
 * resolves the name anew, in a thread, and makes a connection of its own. Of a
 * body at most WEB_PROBE_BODY_BYTES are read. Link-local addresses are not
 * asked, whatever the name: there, clouds hand out credentials.
 */
#ifndef OBSERVER_WEB_PROBE_H
#define OBSERVER_WEB_PROBE_H

#include "collectors/observer/check.h"

#include <systemd/sd-event.h>

enum { WEB_PROBE_BODY_BYTES = 64 << 10 };

struct web_probes;

extern const struct probe_kind web_probe_http, web_probe_tcp;

/* NULL: ERROR_SYSTEM. */
struct web_probes *web_probes_new(sd_event *event, struct error *err);
void web_probes_free(struct web_probes *probes);

#endif
