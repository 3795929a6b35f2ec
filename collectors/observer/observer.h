/* The observer: what it owns, and its loop.
 *
 * Every five seconds it looks at the host and at the product's own programs,
 * every second at nginx's access log, every fifteen at each service, and tells
 * kruxosd through the door; at once when a service is not as it was. What the
 * daemon has to tell elsewhere, notices of alerts, it sends. It writes neither
 * log nor database.
 */
#ifndef OBSERVER_OBSERVER_H
#define OBSERVER_OBSERVER_H

#include "base/cleanup.h"
#include "base/error.h"

struct observer;

/* Read the configuration at `config_path` (copied). NULL: err names what is in
 * the way. A daemon that is not there is not: it is waited for. */
struct observer *observer_new(const char *config_path, struct error *err);

/* Serve until SIGTERM or SIGINT. -1: the loop failed. */
int observer_run(struct observer *observer, struct error *err);

void observer_free(struct observer *observer);
DEFINE_CLEANUP(struct observer *, observer_free);

#endif
