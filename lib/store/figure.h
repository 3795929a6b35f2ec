/* What is measured: one number each, by one table of names.
 *
 * The same names are the metrics of alert rules, of the history and of
 * /api/metrics/history; `metric` is the one of /metrics, by the conventions of
 * Prometheus (base units, `_total` for what only grows).
 *
 * A figure that is not known is NAN, never 0: nothing is made up.
 */
#ifndef STORE_FIGURE_H
#define STORE_FIGURE_H

#include "base/slice.h"

#include <stdbool.h>

/* The numbers stand in the history (telemetry.db): a new one goes to the end,
 * and none is used again. */
enum figure {
	/* The host: kruxos-observer, every 5 s. MB are MiB. */
	FIGURE_CPU_PERCENT, /* over all cores, 0-100 */
	FIGURE_MEMORY_USED_MB,
	FIGURE_MEMORY_TOTAL_MB,
	FIGURE_MEMORY_PERCENT,
	FIGURE_DISK_USED_PERCENT, /* as df, of the audit folder */
	FIGURE_DISK_FREE_MB,
	FIGURE_DISK_TOTAL_MB,
	FIGURE_LOAD_1M,
	FIGURE_LOAD_5M,
	FIGURE_LOAD_15M,
	FIGURE_NETWORK_RECEIVED_BYTES, /* since the host's start; without lo */
	FIGURE_NETWORK_SENT_BYTES,
	FIGURE_DISK_READ_BYTES, /* whole disks, not their partitions */
	FIGURE_DISK_WRITTEN_BYTES,

	/* nginx's access log: kruxos-observer. Totals since its start,
	 * latencies of the last five minutes. */
	FIGURE_HTTP_REQUESTS_TOTAL,
	FIGURE_HTTP_ERRORS_TOTAL, /* answered 5xx */
	FIGURE_HTTP_P50_MS,
	FIGURE_HTTP_P99_MS,
	FIGURE_HTTP_BAD_LINES_TOTAL, /* of the access log, skipped */

	/* What the agents do: kruxosd. */
	FIGURE_ACTIVE_AGENTS,	       /* an entry within five minutes */
	FIGURE_TOTAL_SESSIONS,	       /* ever */
	FIGURE_INVOCATIONS_PER_MINUTE, /* agents', not pending, last 60 s */
	FIGURE_ERROR_RATE,	  /* error / (success + error), 5 min; 0-1 */
	FIGURE_EVALUATIONS_TOTAL, /* entries with a policy tier */
	FIGURE_DENIED_TOTAL,
	FIGURE_APPROVALS_PENDING,
	FIGURE_APPROVAL_WAITING_SECONDS, /* the oldest of them; 0: none */

	/* The product itself: kruxosd. */
	FIGURE_ENTRIES_TOTAL, /* in the log: head seq */
	FIGURE_ENTRIES_REFUSED_TOTAL,
	FIGURE_INDEX_LAG_ENTRIES,
	FIGURE_LOG_BYTES,
	FIGURE_DATABASE_BYTES,

	/* Which ways told of the agents' calls: kruxosd, of the sessions of the
	 * last hour. */
	FIGURE_COVERAGE_PERCENT, /* told by hooks and by telemetry, 0-100 */
	FIGURE_UNRECORDED_CALLS, /* told by telemetry alone, or lost by it */

	FIGURE_COUNT,
};

enum figure_kind {
	FIGURE_GAUGE,
	FIGURE_COUNTER, /* grows; a smaller value is a new beginning */
};

struct figure_row {
	const char *name;   /* "cpu_percent" */
	const char *metric; /* "kruxos_host_cpu_ratio" */
	double scale;	    /* value * scale = the metric's base unit */
	enum figure_kind kind;
	const char *help; /* a sentence, for # HELP */
};

extern const struct figure_row figure_rows[FIGURE_COUNT];

/* The figure of that name, or FIGURE_COUNT. */
enum figure figure_find(struct slice name);

/* All of them NAN. */
void figure_clear(double figures[static FIGURE_COUNT]);

#endif
