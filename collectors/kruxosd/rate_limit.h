/* How often an agent may do something: a token bucket for each agent and line
 * of [limit] (config/policy.h). A bucket is as large as its line allows, and
 * fills in the line's time. Pure; the time is handed in.
 *
 * There is room for RATE_LIMIT_BUCKETS of them, in rows; where a row is full,
 * the bucket that is closest to full gives way. A full one can be forgotten
 * without a loss: so who has taken most is forgotten last.
 */
#ifndef KRUXOSD_RATE_LIMIT_H
#define KRUXOSD_RATE_LIMIT_H

#include "config/policy.h"

enum {
	RATE_LIMIT_ROWS = 512,
	RATE_LIMIT_WAYS = 8,
	RATE_LIMIT_BUCKETS = RATE_LIMIT_ROWS * RATE_LIMIT_WAYS,
};

struct rate_limit;

/* Never NULL. */
struct rate_limit *rate_limit_new(void);
void rate_limit_free(struct rate_limit *limits);

/* May `agent` go on by the line `limit` (NULL: there is none), at `now`
 * (CLOCK_BOOTTIME)? 0: yes, and that counted; else how long it has to wait. */
usec_t rate_limit_take(struct rate_limit *limits,
    const struct policy_limit *limit, struct slice agent, usec_t now);

#endif
