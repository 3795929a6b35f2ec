#include "fcgi/scrape.h"

#include "base/cleanup.h"

#include <math.h>

static double
seconds(usec_t time)
{
	return (double)time / (double)USEC_PER_SEC;
}

/* Of a moment that has come: what has not is not known. */
static double
moment(usec_t time)
{
	return time == 0 ? (double)NAN : seconds(time);
}

/* --- health --------------------------------------------------------------- */

/* One series a state, of which one is 1. */
static void
write_states(
    struct exposition *out, enum health is, const char *label, const char *name)
{
	for (enum health state = 0; state < HEALTH_COUNT; state++) {
		const char *status = judgement_name(state);

		if (label == NULL)
			exposition_sample(
			    out, is == state, "status", status, (char *)NULL);
		else
			exposition_sample(out, is == state, label, name,
			    "status", status, (char *)NULL);
	}
}

static void
write_health(const struct scrape *scrape, struct exposition *out)
{
	const struct config *config = scrape->config;
	const struct view *view = scrape->view;

	exposition_family(out, "kruxos_build_info", EXPOSITION_INFO,
	    "The version of the product.");
	exposition_sample(out, 1, "version", KRUXOS_VERSION, (char *)NULL);
	exposition_single(out, "kruxos_up", EXPOSITION_GAUGE,
	    "Does kruxosd report?", view->is_there);
	exposition_single(out, "kruxos_observer_up", EXPOSITION_GAUGE,
	    "Does kruxos-observer report?", view_is_observed(view));
	exposition_single(out, "kruxos_uptime_seconds", EXPOSITION_GAUGE,
	    "Time since the start of kruxosd.",
	    view->is_there ? seconds(view_uptime(view)) : (double)NAN);
	exposition_family(out, "kruxos_health_status", EXPOSITION_GAUGE,
	    "The status of /health; 1 for the one that it is.");
	write_states(out, judgement_of_all(config, view), NULL, NULL);
	exposition_single(out, "kruxos_health_issues", EXPOSITION_GAUGE,
	    "Services that are not as they should be, and reports that are "
	    "missing.",
	    judgement_issues(config, view));
}

/* --- services ------------------------------------------------------------- */

static double
service_latency(const struct observed_service *service)
{
	return service->latency_ms / 1000;
}

static double
service_since(const struct observed_service *service)
{
	return moment(service->since);
}

static double
service_checked(const struct observed_service *service)
{
	return moment(service->checked_at);
}

/* What is told of each service that somebody has seen. */
static const struct {
	const char *metric, *help;
	double (*value)(const struct observed_service *service);
} service_rows[] = {
	{ "kruxos_service_latency_seconds", "How long the last check took.",
	    service_latency },
	{ "kruxos_service_status_since_timestamp_seconds",
	    "When the service took on its status.", service_since },
	{ "kruxos_service_checked_timestamp_seconds",
	    "When the service was checked last.", service_checked },
};

static void
write_services(const struct scrape *scrape, struct exposition *out)
{
	const struct config *config = scrape->config;
	const struct view *view = scrape->view;

	exposition_family(out, "kruxos_service_status", EXPOSITION_GAUGE,
	    "The status of a service; 1 for the one that it is.");
	for (size_t i = 0; i < config->service_count; i++)
		write_states(out,
		    judgement_of_service(&config->services[i], view), "service",
		    config->services[i].name);
	for (size_t row = 0; row < sizeof(service_rows) / sizeof(*service_rows);
	     row++) {
		exposition_family(out, service_rows[row].metric,
		    EXPOSITION_GAUGE, service_rows[row].help);
		for (size_t i = 0; i < config->service_count; i++) {
			const char *name = config->services[i].name;
			const struct observed_service *seen =
			    view_service(view, name);

			if (seen != NULL)
				exposition_sample(out,
				    service_rows[row].value(seen), "service",
				    name, (char *)NULL);
		}
	}
}

/* --- figures -------------------------------------------------------------- */

static void
write_figures(const struct view *view, struct exposition *out)
{
	for (int i = 0; i < FIGURE_COUNT; i++) {
		const struct figure_row *row = &figure_rows[i];
		double value = view->figures[i] * row->scale;

		/* Megabytes have digits behind the point, bytes have none. */
		if (row->scale > 1 && !isnan(value))
			value = (double)(uint64_t)(value + 0.5);
		exposition_single(out, row->metric,
		    row->kind == FIGURE_COUNTER ? EXPOSITION_COUNTER
						: EXPOSITION_GAUGE,
		    row->help, value);
	}
}

/* --- routes and programs -------------------------------------------------- */

static double
route_requests(const struct observed_route *route)
{
	return (double)route->requests;
}

static double
route_errors(const struct observed_route *route)
{
	return (double)route->errors;
}

static double
route_p50(const struct observed_route *route)
{
	return route->p50_ms / 1000;
}

static double
route_p99(const struct observed_route *route)
{
	return route->p99_ms / 1000;
}

static const struct {
	const char *metric;
	enum exposition_type type;
	const char *help;
	double (*value)(const struct observed_route *route);
} route_rows[] = {
	{ "kruxos_http_route_requests_total", EXPOSITION_COUNTER,
	    "Requests to a route since the observer's start.", route_requests },
	{ "kruxos_http_route_errors_total", EXPOSITION_COUNTER,
	    "Of these, answered with 5xx.", route_errors },
	{ "kruxos_http_route_latency_p50_seconds", EXPOSITION_GAUGE,
	    "Median latency of a route in the last five minutes.", route_p50 },
	{ "kruxos_http_route_latency_p99_seconds", EXPOSITION_GAUGE,
	    "99th percentile of a route's latency in the last five minutes.",
	    route_p99 },
};

static void
write_routes(const struct observed *observed, struct exposition *out)
{
	for (size_t row = 0; row < sizeof(route_rows) / sizeof(*route_rows);
	     row++) {
		exposition_family(out, route_rows[row].metric,
		    route_rows[row].type, route_rows[row].help);
		for (size_t i = 0; i < observed->route_count; i++)
			exposition_sample(out,
			    route_rows[row].value(&observed->routes[i]),
			    "route", observed->routes[i].name, (char *)NULL);
	}
}

static void
write_programs(const struct observed *observed, struct exposition *out)
{
	exposition_family(out, "kruxos_program_resident_memory_bytes",
	    EXPOSITION_GAUGE, "Memory of a program of the product.");
	for (size_t i = 0; i < observed->program_count; i++)
		exposition_sample(out,
		    (double)observed->programs[i].resident_bytes, "program",
		    observed->programs[i].name, (char *)NULL);
	exposition_family(out, "kruxos_program_cpu_seconds_total",
	    EXPOSITION_COUNTER, "CPU time of a program since its start.");
	for (size_t i = 0; i < observed->program_count; i++)
		exposition_sample(out, observed->programs[i].cpu_seconds,
		    "program", observed->programs[i].name, (char *)NULL);
}

/* --- the log and its chain ------------------------------------------------ */

static void
write_head(const struct status *status, struct exposition *out)
{
	cleanup(buf_free) struct buf hash = BUF_INIT;
	cleanup(buf_free) struct buf seq = BUF_INIT;

	buf_add_u64(&seq, status->head_seq);
	buf_add_hex(&hash, status->head_hash, sizeof(status->head_hash));
	exposition_family(out, "kruxos_audit_head_info", EXPOSITION_INFO,
	    "The last entry and its hash, for `kruxos audit verify --expect`.");
	exposition_sample(
	    out, 1, "seq", seq.data, "hash", hash.data, (char *)NULL);
}

static void
write_integrity(const struct status *status, struct exposition *out)
{
	exposition_family(out, "kruxos_audit_integrity_status",
	    EXPOSITION_GAUGE,
	    "What is known of the chain; 1 for the one that it is.");
	for (enum status_integrity integrity = STATUS_UNKNOWN;
	     integrity <= STATUS_DAMAGED; integrity++)
		exposition_sample(out, status->integrity == integrity, "status",
		    status_integrity_name(integrity), (char *)NULL);
}

static void
write_audit(const struct status *status, struct exposition *out)
{
	exposition_single(out, "kruxos_audit_accepting", EXPOSITION_GAUGE,
	    "Are entries being accepted?", status->refusal == STATUS_ACCEPTING);
	exposition_single(out, "kruxos_audit_head_seq", EXPOSITION_GAUGE,
	    "The last durable entry.", (double)status->head_seq);
	exposition_single(out, "kruxos_audit_verified_seq", EXPOSITION_GAUGE,
	    "The chain holds through this entry.",
	    (double)status->verified_seq);
	exposition_single(out, "kruxos_audit_verified_timestamp_seconds",
	    EXPOSITION_GAUGE, "When it was verified so far.",
	    moment(status->verified_at));
	write_integrity(status, out);
	write_head(status, out);
	exposition_single(out, "kruxos_ingest_connections", EXPOSITION_GAUGE,
	    "Producers that are connected to the door.",
	    (double)status->connections);
}

/* --- alerts --------------------------------------------------------------- */

static void
write_alerts(const struct alert_counts *counts, struct exposition *out)
{
	exposition_family(out, "kruxos_alerts", EXPOSITION_GAUGE,
	    "Alerts that are not resolved.");
	for (int severity = 0; severity < RULE_SEVERITIES; severity++)
		for (enum alert_state state = 0; state < ALERT_RESOLVED;
		     state++)
			exposition_sample(out,
			    (double)counts->alerts[severity][state], "severity",
			    rule_severities[severity], "state",
			    alert_state_name(state), (char *)NULL);
	exposition_single(out, "kruxos_silences", EXPOSITION_GAUGE,
	    "Silences that count now.", (double)counts->silences);
	exposition_single(out, "kruxos_silence_oldest_timestamp_seconds",
	    EXPOSITION_GAUGE, "When the oldest of them began.",
	    moment(counts->oldest_silence));
}

/* --- notices -------------------------------------------------------------- */

static double
waiting_of(const struct outbox_channel *channel)
{
	return (double)channel->waiting;
}

static double
is_failing(const struct outbox_channel *channel)
{
	return channel->failing_since != 0;
}

static double
delivered_of(const struct outbox_channel *channel)
{
	return moment(channel->delivered_at);
}

static void
write_channels(const struct scrape *scrape, struct exposition *out)
{
	static const struct {
		const char *name, *help;
		double (*value)(const struct outbox_channel *channel);
	} families[] = {
		{ "kruxos_notices_waiting",
		    "Notices of alerts that the channel has not taken yet.",
		    waiting_of },
		{ "kruxos_notices_failing",
		    "Is there one that it did not take?", is_failing },
		{ "kruxos_notices_delivered_timestamp_seconds",
		    "When it took one last.", delivered_of },
	};
	const struct config *config = scrape->config;

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		exposition_family(
		    out, families[i].name, EXPOSITION_GAUGE, families[i].help);
		for (size_t j = 0; j < config->notify_count; j++)
			exposition_sample(out,
			    families[i].value(scrape->channels + j), "channel",
			    config->notifies[j].name, (char *)NULL);
	}
}

/* --- this program --------------------------------------------------------- */

/* By the names that client libraries give them. */
static void
write_process(const struct scrape *scrape, struct exposition *out)
{
	const struct own_process *process = scrape->process;

	exposition_single(out, "process_cpu_seconds_total", EXPOSITION_COUNTER,
	    "CPU time of the program that answers this.", process->cpu_seconds);
	exposition_single(out, "process_resident_memory_bytes",
	    EXPOSITION_GAUGE, "Its memory.", process->resident_bytes);
	exposition_single(out, "process_virtual_memory_bytes", EXPOSITION_GAUGE,
	    "Its address space.", process->virtual_bytes);
	exposition_single(out, "process_open_fds", EXPOSITION_GAUGE,
	    "Its open files and connections.", process->open_files);
	exposition_single(out, "process_max_fds", EXPOSITION_GAUGE,
	    "How many of them it may have.", process->files_max);
	exposition_single(out, "process_start_time_seconds", EXPOSITION_GAUGE,
	    "When it was started.", moment(scrape->process_started_at));
}

void
scrape_write(
    const struct scrape *scrape, enum exposition_format format, struct buf *out)
{
	const struct view *view = scrape->view;
	struct exposition exposition;

	exposition_begin(&exposition, format, out);
	write_health(scrape, &exposition);
	write_services(scrape, &exposition);
	write_figures(view, &exposition);
	if (view_is_observed(view)) {
		write_routes(&view->observed, &exposition);
		write_programs(&view->observed, &exposition);
	}
	if (view->is_there)
		write_audit(&view->status, &exposition);
	if (scrape->alerts != NULL)
		write_alerts(scrape->alerts, &exposition);
	if (scrape->channels != NULL)
		write_channels(scrape, &exposition);
	write_process(scrape, &exposition);
	exposition_end(&exposition);
}
