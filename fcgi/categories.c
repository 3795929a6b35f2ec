#include "fcgi/categories.h"

enum category {
	CATEGORY_SYSTEM,
	CATEGORY_AGENTS,
	CATEGORY_POLICY,
	CATEGORY_HTTP,
};

_Static_assert((int)CATEGORY_HTTP + 1 == (int)CATEGORIES, "all of them");

static const char *const names[] = { "system", "agents", "policy", "http",
	NULL };

static const struct row {
	enum category category;
	const char *key;
	enum figure figure;
	int digits; /* behind the point */
} rows[] = {
	{ CATEGORY_SYSTEM, "cpu_percent", FIGURE_CPU_PERCENT, 1 },
	{ CATEGORY_SYSTEM, "memory_used_mb", FIGURE_MEMORY_USED_MB, 0 },
	{ CATEGORY_SYSTEM, "memory_total_mb", FIGURE_MEMORY_TOTAL_MB, 0 },
	{ CATEGORY_SYSTEM, "memory_percent", FIGURE_MEMORY_PERCENT, 1 },
	{ CATEGORY_SYSTEM, "disk_used_percent", FIGURE_DISK_USED_PERCENT, 1 },
	{ CATEGORY_SYSTEM, "disk_free_mb", FIGURE_DISK_FREE_MB, 0 },
	{ CATEGORY_SYSTEM, "disk_total_mb", FIGURE_DISK_TOTAL_MB, 0 },
	{ CATEGORY_SYSTEM, "load_1m", FIGURE_LOAD_1M, 2 },
	{ CATEGORY_SYSTEM, "load_5m", FIGURE_LOAD_5M, 2 },
	{ CATEGORY_SYSTEM, "load_15m", FIGURE_LOAD_15M, 2 },
	{ CATEGORY_SYSTEM, "network_received_bytes",
	    FIGURE_NETWORK_RECEIVED_BYTES, 0 },
	{ CATEGORY_SYSTEM, "network_sent_bytes", FIGURE_NETWORK_SENT_BYTES, 0 },
	{ CATEGORY_SYSTEM, "disk_read_bytes", FIGURE_DISK_READ_BYTES, 0 },
	{ CATEGORY_SYSTEM, "disk_written_bytes", FIGURE_DISK_WRITTEN_BYTES, 0 },
	{ CATEGORY_SYSTEM, "log_bytes", FIGURE_LOG_BYTES, 0 },
	{ CATEGORY_SYSTEM, "database_bytes", FIGURE_DATABASE_BYTES, 0 },
	{ CATEGORY_SYSTEM, "entries_total", FIGURE_ENTRIES_TOTAL, 0 },
	{ CATEGORY_SYSTEM, "entries_refused_total",
	    FIGURE_ENTRIES_REFUSED_TOTAL, 0 },
	{ CATEGORY_SYSTEM, "index_lag_entries", FIGURE_INDEX_LAG_ENTRIES, 0 },

	{ CATEGORY_AGENTS, "active_count", FIGURE_ACTIVE_AGENTS, 0 },
	{ CATEGORY_AGENTS, "total_sessions", FIGURE_TOTAL_SESSIONS, 0 },
	{ CATEGORY_AGENTS, "invocations_per_minute",
	    FIGURE_INVOCATIONS_PER_MINUTE, 0 },
	{ CATEGORY_AGENTS, "error_rate", FIGURE_ERROR_RATE, 4 },
	{ CATEGORY_AGENTS, "coverage_percent", FIGURE_COVERAGE_PERCENT, 1 },
	{ CATEGORY_AGENTS, "unrecorded_calls", FIGURE_UNRECORDED_CALLS, 0 },

	{ CATEGORY_POLICY, "evaluations_total", FIGURE_EVALUATIONS_TOTAL, 0 },
	{ CATEGORY_POLICY, "denied_count", FIGURE_DENIED_TOTAL, 0 },
	{ CATEGORY_POLICY, "approval_pending_count", FIGURE_APPROVALS_PENDING,
	    0 },
	{ CATEGORY_POLICY, "approval_waiting_seconds",
	    FIGURE_APPROVAL_WAITING_SECONDS, 0 },

	{ CATEGORY_HTTP, "requests_total", FIGURE_HTTP_REQUESTS_TOTAL, 0 },
	{ CATEGORY_HTTP, "errors_total", FIGURE_HTTP_ERRORS_TOTAL, 0 },
	{ CATEGORY_HTTP, "latency_p50", FIGURE_HTTP_P50_MS, 3 },
	{ CATEGORY_HTTP, "latency_p99", FIGURE_HTTP_P99_MS, 3 },
	{ CATEGORY_HTTP, "bad_lines_total", FIGURE_HTTP_BAD_LINES_TOTAL, 0 },
};

enum { NONE = -1 };

struct question {
	int category;
};

const struct param categories_params[] = {
	PARAM_CHOICE(struct question, category, "category", names),
	PARAM_END,
};

int
categories_read(struct request *req, int *ret_category, struct error *err)
{
	struct question question = { NONE };

	if (params_read(req, &question, err) == -1)
		return -1;
	if (question.category == NONE)
		return error_set_field(err, ERROR_MISSING_FIELD, "category",
		    "category: system, agents, policy or http");
	*ret_category = question.category;
	return 0;
}

static void
write_figures(int category, const struct view *view, struct json_writer *json)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].category != (enum category)category)
			continue;
		json_writer_key(json, rows[i].key);
		json_writer_fixed(
		    json, view->figures[rows[i].figure], rows[i].digits);
	}
}

static void
write_uptime(const struct view *view, struct json_writer *json)
{
	json_writer_key(json, "uptime_seconds");
	if (view->is_there)
		json_writer_u64(json, view_uptime(view) / USEC_PER_SEC);
	else
		json_writer_null(json);
}

static void
write_route(const struct observed_route *route, struct json_writer *json)
{
	json_writer_object(json);
	json_writer_pair(json, "route", route->name);
	json_writer_pair_u64(json, "requests_total", route->requests);
	json_writer_pair_u64(json, "errors_total", route->errors);
	json_writer_key(json, "latency_p50");
	json_writer_fixed(json, route->p50_ms, 3);
	json_writer_key(json, "latency_p99");
	json_writer_fixed(json, route->p99_ms, 3);
	json_writer_end_object(json);
}

static void
write_routes(const struct view *view, struct json_writer *json)
{
	size_t count = view_is_observed(view) ? view->observed.route_count : 0;

	json_writer_key(json, "routes");
	json_writer_array(json);
	for (size_t i = 0; i < count; i++)
		write_route(&view->observed.routes[i], json);
	json_writer_end_array(json);
}

void
categories_write_agents(const struct view *view, struct json_writer *json)
{
	write_figures(CATEGORY_AGENTS, view, json);
}

void
categories_write_fields(
    int category, const struct view *view, struct json_writer *json)
{
	write_figures(category, view, json);
	if (category == CATEGORY_SYSTEM)
		write_uptime(view, json);
	if (category == CATEGORY_HTTP)
		write_routes(view, json);
}

void
categories_write(
    int category, const struct view *view, struct json_writer *json)
{
	json_writer_object(json);
	categories_write_fields(category, view, json);
	json_writer_end_object(json);
}

int
categories_find(struct slice name)
{
	for (int i = 0; i < (int)CATEGORIES; i++)
		if (slice_is(name, names[i]))
			return i;
	return -1;
}

bool
categories_has(int category, enum figure figure)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].category == (enum category)category &&
		    rows[i].figure == figure)
			return true;
	return false;
}
