/* Checks each service of the configuration every 15 s, or as often as it says,
 * none of them waiting for another.
 *
 * The first checks begin at once, spread over a second; each then has its own
 * place in the interval. A check that has not ended within the service's
 * time-out has failed, one that took more than half of it is degraded. Services
 * of the kinds `none` and `heartbeat` are not checked here.
 */
#ifndef OBSERVER_CHECKS_H
#define OBSERVER_CHECKS_H

#include "base/cleanup.h"
#include "base/clock.h"
#include "config/config.h"
#include "store/observed.h"

#include <systemd/sd-event.h>

struct checks;

struct web;

/* A service is not as it was: not to be told at the next opportunity only. */
typedef void checks_listener(void *context);

/* All of it stays the caller's and outlives them. Never NULL. */
struct checks *checks_new(sd_event *event, struct clock *clock, struct web *web,
    checks_listener *on_change, void *context);
void checks_free(struct checks *checks);
DEFINE_CLEANUP(struct checks *, checks_free);

/* Check these services from now on, and no others; results of before are
 * forgotten. `config` must live until the next call, or checks_free(). */
void checks_set(struct checks *checks, const struct config *config);

/* Results carry numbers that grow. Fill in (name, status, latency_ms, details,
 * checked_at) those later than `after`; returns how many. */
size_t checks_results(const struct checks *checks, uint64_t after,
    struct observed_service ret_services[static OBSERVED_SERVICES]);

/* The number of the latest result; 0: there is none. */
uint64_t checks_latest(const struct checks *checks);

#endif
