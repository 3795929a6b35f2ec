#include "store/figure.h"

#include <math.h>

#define MIB 1048576.0
#define GAUGE(name, metric, scale, help)                \
	{                                               \
		name, metric, scale, FIGURE_GAUGE, help \
	}
#define COUNTER(name, metric, help)                   \
	{                                             \
		name, metric, 1, FIGURE_COUNTER, help \
	}

const struct figure_row figure_rows[FIGURE_COUNT] = {
	[FIGURE_CPU_PERCENT] = GAUGE("cpu_percent", "kruxos_host_cpu_ratio",
	    0.01, "CPU in use, over all cores, 0 to 1."),
	[FIGURE_MEMORY_USED_MB] =
	    GAUGE("memory_used_mb", "kruxos_host_memory_used_bytes", MIB,
		"Memory less what is available."),
	[FIGURE_MEMORY_TOTAL_MB] = GAUGE("memory_total_mb",
	    "kruxos_host_memory_total_bytes", MIB, "Memory."),
	[FIGURE_MEMORY_PERCENT] = GAUGE("memory_percent",
	    "kruxos_host_memory_used_ratio", 0.01, "Memory in use, 0 to 1."),
	[FIGURE_DISK_USED_PERCENT] =
	    GAUGE("disk_used_percent", "kruxos_host_disk_used_ratio", 0.01,
		"Disk of the audit log in use as df says, 0 to 1."),
	[FIGURE_DISK_FREE_MB] =
	    GAUGE("disk_free_mb", "kruxos_host_disk_free_bytes", MIB,
		"Disk of the audit log that is free."),
	[FIGURE_DISK_TOTAL_MB] = GAUGE("disk_total_mb",
	    "kruxos_host_disk_total_bytes", MIB, "Disk of the audit log."),
	[FIGURE_LOAD_1M] = GAUGE(
	    "load_1m", "kruxos_host_load1", 1, "Load average over one minute."),
	[FIGURE_LOAD_5M] = GAUGE("load_5m", "kruxos_host_load5", 1,
	    "Load average over five minutes."),
	[FIGURE_LOAD_15M] = GAUGE("load_15m", "kruxos_host_load15", 1,
	    "Load average over fifteen minutes."),
	[FIGURE_NETWORK_RECEIVED_BYTES] = COUNTER("network_received_bytes",
	    "kruxos_host_network_received_bytes_total",
	    "Bytes received by all interfaces but lo."),
	[FIGURE_NETWORK_SENT_BYTES] = COUNTER("network_sent_bytes",
	    "kruxos_host_network_sent_bytes_total",
	    "Bytes sent by all interfaces but lo."),
	[FIGURE_DISK_READ_BYTES] = COUNTER("disk_read_bytes",
	    "kruxos_host_disk_read_bytes_total", "Bytes read from disks."),
	[FIGURE_DISK_WRITTEN_BYTES] = COUNTER("disk_written_bytes",
	    "kruxos_host_disk_written_bytes_total", "Bytes written to disks."),
	[FIGURE_HTTP_REQUESTS_TOTAL] =
	    COUNTER("http_requests_total", "kruxos_http_requests_total",
		"Requests that nginx answered since the observer's start."),
	[FIGURE_HTTP_ERRORS_TOTAL] = COUNTER("http_errors_total",
	    "kruxos_http_errors_total", "Of these, answered with 5xx."),
	[FIGURE_HTTP_P50_MS] =
	    GAUGE("http_p50_ms", "kruxos_http_latency_p50_seconds", 0.001,
		"Median latency of the last five minutes."),
	[FIGURE_HTTP_P99_MS] =
	    GAUGE("http_p99_ms", "kruxos_http_latency_p99_seconds", 0.001,
		"99th percentile of the latency of the last five minutes."),
	[FIGURE_HTTP_BAD_LINES_TOTAL] =
	    COUNTER("http_bad_lines_total", "kruxos_http_bad_lines_total",
		"Lines of the access log that could not be read."),
	[FIGURE_ACTIVE_AGENTS] = GAUGE("active_agents", "kruxos_agents_active",
	    1, "Agents with an entry within five minutes."),
	[FIGURE_TOTAL_SESSIONS] = COUNTER("total_sessions",
	    "kruxos_sessions_total", "Sessions that agents ever started."),
	[FIGURE_INVOCATIONS_PER_MINUTE] =
	    GAUGE("invocations_per_minute", "kruxos_invocations_per_minute", 1,
		"Agents' finished calls in the last 60 seconds."),
	[FIGURE_ERROR_RATE] = GAUGE("error_rate", "kruxos_error_ratio", 1,
	    "Of the last five minutes' calls, those that failed, 0 to 1."),
	[FIGURE_EVALUATIONS_TOTAL] = COUNTER("evaluations_total",
	    "kruxos_policy_evaluations_total", "Entries with a policy tier."),
	[FIGURE_DENIED_TOTAL] = COUNTER("denied_total",
	    "kruxos_policy_denied_total", "Entries that were denied."),
	[FIGURE_APPROVALS_PENDING] = GAUGE("approvals_pending",
	    "kruxos_approvals_pending", 1, "Approvals that wait."),
	[FIGURE_APPROVAL_WAITING_SECONDS] =
	    GAUGE("approval_waiting_seconds", "kruxos_approval_waiting_seconds",
		1, "How long the oldest of them has waited."),
	[FIGURE_ENTRIES_TOTAL] = COUNTER("entries_total",
	    "kruxos_audit_entries_total", "Entries of the audit log."),
	[FIGURE_ENTRIES_REFUSED_TOTAL] = COUNTER("entries_refused_total",
	    "kruxos_audit_entries_refused_total",
	    "Lines refused at the door since the daemon's start."),
	[FIGURE_INDEX_LAG_ENTRIES] =
	    GAUGE("index_lag_entries", "kruxos_index_lag_entries", 1,
		"Entries that the index does not hold yet."),
	[FIGURE_LOG_BYTES] = GAUGE("log_bytes", "kruxos_audit_log_bytes", 1,
	    "Size of the audit log's files."),
	[FIGURE_DATABASE_BYTES] = GAUGE("database_bytes",
	    "kruxos_database_bytes", 1, "Size of the databases."),
	[FIGURE_COVERAGE_PERCENT] =
	    GAUGE("coverage_percent", "kruxos_coverage_ratio", 0.01,
		"Of the last hour's calls, those that hooks and telemetry told "
		"of, 0 to 1."),
	[FIGURE_UNRECORDED_CALLS] =
	    GAUGE("unrecorded_calls", "kruxos_unrecorded_calls", 1,
		"Calls of the last hour that no hook told of, and records of "
		"telemetry that never came."),
};

enum figure
figure_find(struct slice name)
{
	for (int i = 0; i < FIGURE_COUNT; i++)
		if (slice_is(name, figure_rows[i].name))
			return (enum figure)i;
	return FIGURE_COUNT;
}

void
figure_clear(double figures[static FIGURE_COUNT])
{
	for (int i = 0; i < FIGURE_COUNT; i++)
		figures[i] = (double)NAN;
}
