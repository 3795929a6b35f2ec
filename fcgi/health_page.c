#include "fcgi/health_page.h"

#include "base/cleanup.h"
#include "fcgi/categories.h"
#include "fcgi/judgement.h"
#include "http/reply.h"
#include "store/history.h"

#include <math.h>

/* What an answer is made of. */
struct health_page {
	const struct config *config;
	const struct view *view;
	struct history *history; /* NULL: it cannot be read now */
	struct arena *arena;
};

static void
write_number(
    struct json_writer *json, const char *key, double value, int digits)
{
	json_writer_key(json, key);
	json_writer_fixed(json, value, digits);
}

/* --- services ------------------------------------------------------------- */

/* How it has been for 90 days, the newest first. False: that cannot be read. */
static bool
read_spans(const struct health_page *page, const char *service,
    struct history_span_list *ret_list)
{
	usec_t now = page->view->now;
	usec_t since = now > HISTORY_SPANS_KEPT ? now - HISTORY_SPANS_KEPT : 0;
	struct error err = { 0 };

	return page->history != NULL &&
	       history_spans(page->history, service, since, page->arena,
		   ret_list, &err) == 0;
}

/* NULL: not known. */
static void
write_spans(const struct history_span_list *list, struct json_writer *json)
{
	json_writer_key(json, "history");
	if (list == NULL) {
		json_writer_null(json);
		return;
	}
	json_writer_array(json);
	for (size_t i = 0; i < list->count; i++) {
		const struct history_span *span = &list->spans[i];

		json_writer_object(json);
		json_writer_pair(
		    json, "status", observed_status_name(span->status));
		json_writer_pair_time(json, "since", span->since);
		json_writer_pair_time(json, "until", span->until);
		json_writer_pair_slice(json, "details", span->details);
		json_writer_end_object(json);
	}
	json_writer_end_array(json);
}

/* When it became what it is; 0: not known. */
static usec_t
find_since(const struct observed_service *seen,
    const struct history_span_list *list, enum health health)
{
	if (seen != NULL)
		return seen->since;
	if (list != NULL && list->count > 0 &&
	    strcmp(observed_status_name(list->spans[0].status),
		judgement_name(health)) == 0)
		return list->spans[0].since;
	return 0;
}

/* What the daemon says of itself is as old as its page. */
static usec_t
reported_at(const struct view *view)
{
	usec_t age = view->boottime > view->status.heartbeat
			 ? view->boottime - view->status.heartbeat
			 : 0;

	return view->is_there && view->now > age ? view->now - age : 0;
}

/* The two that the daemon tells of itself. */
static void
write_told(const struct view *view, bool is_audit, struct json_writer *json)
{
	const struct status *status = &view->status;
	const char *details = NULL;

	if (!view->is_there)
		details = "kruxosd does not report";
	else if (status->reason[0] != '\0')
		details = status->reason;
	else if (is_audit)
		details = status_refusal_name(status->refusal);
	else
		details = status_index_name(status->index);
	write_number(json, "latency_ms", (double)NAN, 0);
	json_writer_pair(json, "details", details);
	json_writer_pair_time_or_null(json, "checked_at", reported_at(view));
}

static void
write_checked(const struct observed_service *seen, struct json_writer *json)
{
	write_number(json, "latency_ms",
	    seen == NULL ? (double)NAN : seen->latency_ms, 3);
	json_writer_pair(json, "details",
	    seen == NULL || seen->details[0] == '\0' ? NULL : seen->details);
	json_writer_pair_time_or_null(
	    json, "checked_at", seen == NULL ? 0 : seen->checked_at);
}

static void
write_service(const struct health_page *page,
    const struct config_service *service, struct json_writer *json)
{
	static const char *const kinds[] = {
		[CONFIG_SERVICE_UNCHECKED] = NULL,
		[CONFIG_SERVICE_HTTP] = "http",
		[CONFIG_SERVICE_TCP] = "tcp",
		[CONFIG_SERVICE_UNIX] = "unix",
		[CONFIG_SERVICE_SYSTEMD] = "systemd",
		[CONFIG_SERVICE_HEARTBEAT] = "heartbeat",
	};
	const struct view *view = page->view;
	const struct observed_service *seen = view_service(view, service->name);
	enum health health = judgement_of_service(service, view);
	struct history_span_list spans;
	struct history_span_list *list =
	    read_spans(page, service->name, &spans) ? &spans : NULL;
	bool is_audit = strcmp(service->name, "audit") == 0;
	bool is_told = is_audit || strcmp(service->name, "state") == 0;

	json_writer_object(json);
	json_writer_pair(json, "name", service->name);
	json_writer_pair(
	    json, "kind", is_told ? "daemon" : kinds[service->kind]);
	json_writer_pair_bool(json, "critical", service->critical);
	json_writer_pair(json, "status", judgement_name(health));
	if (is_told)
		write_told(view, is_audit, json);
	else
		write_checked(seen, json);
	json_writer_pair_time_or_null(
	    json, "since", find_since(seen, list, health));
	write_spans(list, json);
	json_writer_end_object(json);
}

static void
write_services(const struct health_page *page, struct json_writer *json)
{
	json_writer_key(json, "services");
	json_writer_array(json);
	for (size_t i = 0; i < page->config->service_count; i++)
		write_service(page, &page->config->services[i], json);
	json_writer_end_array(json);
}

/* What the last checks took, all together. */
static double
total_latency(const struct health_page *page)
{
	double total = (double)NAN;

	for (size_t i = 0; i < page->config->service_count; i++) {
		const struct observed_service *seen =
		    view_service(page->view, page->config->services[i].name);

		if (seen != NULL && !isnan(seen->latency_ms))
			total = isnan(total) ? seen->latency_ms
					     : total + seen->latency_ms;
	}
	return total;
}

/* --- figures -------------------------------------------------------------- */

struct figure_key {
	const char *key;
	enum figure figure;
	int digits;
};

static const struct figure_key resources[] = {
	{ "cpu_percent", FIGURE_CPU_PERCENT, 1 },
	{ "memory_used_mb", FIGURE_MEMORY_USED_MB, 0 },
	{ "memory_total_mb", FIGURE_MEMORY_TOTAL_MB, 0 },
	{ "memory_percent", FIGURE_MEMORY_PERCENT, 1 },
	{ "disk_used_percent", FIGURE_DISK_USED_PERCENT, 1 },
	{ "disk_free_mb", FIGURE_DISK_FREE_MB, 0 },
	{ "disk_total_mb", FIGURE_DISK_TOTAL_MB, 0 },
	{ "load_1m", FIGURE_LOAD_1M, 2 },
	{ "load_5m", FIGURE_LOAD_5M, 2 },
	{ "load_15m", FIGURE_LOAD_15M, 2 },
};

static const struct figure_key sizes[] = {
	{ "log_bytes", FIGURE_LOG_BYTES, 0 },
	{ "database_bytes", FIGURE_DATABASE_BYTES, 0 },
	{ "entries_total", FIGURE_ENTRIES_TOTAL, 0 },
	{ "entries_refused_total", FIGURE_ENTRIES_REFUSED_TOTAL, 0 },
	{ "index_lag_entries", FIGURE_INDEX_LAG_ENTRIES, 0 },
};

static void
write_figures(const struct view *view, const struct figure_key *keys,
    size_t count, struct json_writer *json)
{
	for (size_t i = 0; i < count; i++)
		write_number(json, keys[i].key, view->figures[keys[i].figure],
		    keys[i].digits);
}

#define WRITE_FIGURES(view, keys, json) \
	write_figures(view, keys, sizeof(keys) / sizeof(keys[0]), json)

/* --- the product's own footprint ------------------------------------------ */

static void
write_programs(const struct view *view, struct json_writer *json)
{
	size_t count =
	    view_is_observed(view) ? view->observed.program_count : 0;

	json_writer_key(json, "programs");
	json_writer_array(json);
	for (size_t i = 0; i < count; i++) {
		const struct observed_program *program =
		    &view->observed.programs[i];

		json_writer_object(json);
		json_writer_pair(json, "name", program->name);
		json_writer_pair_u64(
		    json, "resident_bytes", program->resident_bytes);
		write_number(json, "cpu_seconds", program->cpu_seconds, 2);
		write_number(json, "cpu_percent", program->cpu_percent, 1);
		json_writer_end_object(json);
	}
	json_writer_end_array(json);
}

static void
write_integrity(const struct view *view, struct json_writer *json)
{
	const struct status *status = &view->status;

	json_writer_key(json, "integrity");
	json_writer_object(json);
	json_writer_pair(json, "status",
	    status_integrity_name(
		view->is_there ? status->integrity : STATUS_UNKNOWN));
	json_writer_pair_u64(
	    json, "through_seq", view->is_there ? status->verified_seq : 0);
	json_writer_pair_time_or_null(
	    json, "verified_at", view->is_there ? status->verified_at : 0);
	json_writer_end_object(json);
}

static void
write_footprint(const struct health_page *page, struct json_writer *json)
{
	const struct view *view = page->view;

	json_writer_key(json, "footprint");
	json_writer_object(json);
	WRITE_FIGURES(view, sizes, json);
	write_integrity(view, json);
	json_writer_pair(json, "on_audit_failure",
	    page->config->on_audit_failure == CONFIG_ALLOW ? "allow" : "deny");
	write_programs(view, json);
	json_writer_end_object(json);
}

/* --- all of it ------------------------------------------------------------ */

static void
write_page(const struct health_page *page, struct json_writer *json)
{
	const struct config *config = page->config;
	const struct view *view = page->view;
	uint64_t uptime = view_uptime(view) / USEC_PER_SEC;

	json_writer_object(json);
	json_writer_pair(
	    json, "status", judgement_name(judgement_of_all(config, view)));
	json_writer_pair_u64(
	    json, "issue_count", judgement_issues(config, view));
	json_writer_pair_time(json, "generated_at", view->now);
	write_number(json, "total_latency_ms", total_latency(page), 3);
	json_writer_pair(json, "version", KRUXOS_VERSION);
	write_number(json, "uptime_seconds",
	    view->is_there ? (double)uptime : (double)NAN, 0);
	json_writer_pair_bool(json, "observed", view_is_observed(view));
	write_services(page, json);
	json_writer_key(json, "resources");
	json_writer_object(json);
	WRITE_FIGURES(view, resources, json);
	json_writer_end_object(json);
	json_writer_key(json, "agents");
	json_writer_object(json);
	categories_write_agents(view, json);
	json_writer_end_object(json);
	write_footprint(page, json);
	json_writer_end_object(json);
}

/* GET /api/health: all that is known of health, and how it has been. Always
 * 200: who asks wants to see it, whatever it is. */
int
health_page_get(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	cleanup(observed_closep) struct observed_page *observed =
	    observed_open(prog->config->observed_file, err);
	cleanup(history_closep) struct history *history = NULL;
	struct error none = { 0 };
	struct view view;
	struct health_page page = {
		.config = prog->config,
		.view = &view,
		.arena = req->arena,
	};

	if (observed == NULL)
		return 503;
	/* That the database cannot be read makes no service a bad one. */
	history = history_open(prog->config->telemetry_file, &none);
	page.history = history;
	view_look(prog, observed, &view);
	write_page(&page, rep->json);
	return 200;
}
