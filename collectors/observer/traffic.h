/* What nginx answered, and how quickly: all of it, and by route.
 *
 * Counts are of the time since the start, latencies of the last five minutes:
 * a ring of histograms (histogram.h), one for each half minute, so what is
 * older goes half a minute at a time.
 *
 * A route is a path without what differs between two requests for the same
 * thing: traffic_route(). A name is given to a path that something answers to,
 * as it is written canonically, and to OBSERVED_ROUTES - 1 of them; the rest
 * counts as "other". So a stranger who asks for paths that are not there, or in
 * other words for those that are, makes no names.
 */
#ifndef OBSERVER_TRAFFIC_H
#define OBSERVER_TRAFFIC_H

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "store/observed.h"

/* An answer of nginx. */
struct traffic_answer {
	struct slice path; /* without a query */
	unsigned status;
	uint64_t latency_ms;
};

struct traffic;

struct traffic *traffic_new(struct clock *clock); /* never NULL */
void traffic_free(struct traffic *traffic);
DEFINE_CLEANUP(struct traffic *, traffic_free);

void traffic_add(struct traffic *traffic, const struct traffic_answer *answer);

/* A line that could not be read. */
void traffic_add_bad_line(struct traffic *traffic);

/* Fill in FIGURE_HTTP_…; latencies are NAN when nobody asked. */
void
traffic_figures(struct traffic *traffic, double figures[static FIGURE_COUNT]);

/* The routes, in the order they were first met, "other" among them once there
 * is any. Returns how many. */
size_t traffic_routes(struct traffic *traffic,
    struct observed_route ret_routes[static OBSERVED_ROUTES]);

/* Append the route of `path`: "/api/audit/42/line" is "/api/audit/:id/line".
 * Every part but the first that has something else than lower-case letters,
 * '-' and '_' is an id, and so is what follows "sessions" or "agents". */
void traffic_route(struct slice path, struct buf *out);

#endif
