/* /api/audit/stats and /api/audit/histogram: sums over what matches, and counts
 * over time. Linked into audit.fcgi. */
#ifndef FCGI_STATS_H
#define FCGI_STATS_H

#include "http/params.h"
#include "http/reply.h"
#include "http/route.h"
#include "log/entry.h"

extern const struct param stats_params[];
extern const struct param histogram_params[];

route_handler stats_get;
route_handler histogram_get;

/* "by_status":{"success":…,…}, as sums, sessions and agents have it. */
void stats_write_by_status(
    struct json_writer *json, const uint64_t by_status[ENTRY_STATUSES]);

#endif
