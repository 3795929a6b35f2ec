/* The kinds `http` and `tcp`, by libcurl (web.h).
 *
 * http: 2xx is healthy, if the body contains what it must, in its first
 * WEB_BODY_BYTES; a redirect is not followed and is degraded, since it was not
 * the target that answered; every other answer is unhealthy. tcp: host:port
 * takes a connection and keeps it.
 */
#ifndef OBSERVER_WEB_PROBE_H
#define OBSERVER_WEB_PROBE_H

#include "collectors/observer/check.h"
#include "collectors/observer/web.h"

struct web_probes;

extern const struct probe_kind web_probe_http, web_probe_tcp;

/* `web` stays the caller's and outlives them. Never NULL. */
struct web_probes *web_probes_new(sd_event *event, struct web *web);
void web_probes_free(struct web_probes *probes);

#endif
