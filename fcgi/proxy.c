/* proxy.fcgi: what the service proxy does, and what is to become of its writes.
 *
 *	/api/proxy/status		services, and the writes that wait
 *	/api/proxy/writes/<id>/cancel	POST: it is not to be sent
 *	/api/proxy/writes/<id>/retry	POST: it is to be tried again
 *	/api/proxy/writes/<id>/discard	POST: it is given up
 */
#include "fcgi/action.h"
#include "fcgi/program.h"

#include "config/config.h"
#include "http/reply.h"
#include "store/proxy.h"

static struct proxy_reader *reader;

/* --- what is answered ----------------------------------------------------- */

/* How many there are, of one service or ({NULL, 0}) of all. */
struct counts {
	uint64_t writes[PROXY_STATES];
};

static struct counts
count_writes(const struct proxy_report *report, struct slice service)
{
	struct counts counts = { 0 };

	for (size_t i = 0; i < report->write_count; i++) {
		const struct proxy_write *write = report->writes + i;

		if (service.data == NULL ||
		    slice_equal(write->service, service))
			counts.writes[write->state]++;
	}
	return counts;
}

static void
write_overview(struct json_writer *json, const struct proxy_report *report)
{
	struct counts counts = count_writes(report, (struct slice){ NULL, 0 });
	uint64_t synced = 0, with_errors = 0;

	for (size_t i = 0; i < report->service_count; i++) {
		synced += report->services[i].status == PROXY_SYNCED;
		with_errors += proxy_has_errors(report->services + i);
	}
	json_writer_pair_u64(json, "total_services", report->service_count);
	json_writer_pair_u64(json, "synced", synced);
	json_writer_pair_u64(json, "with_errors", with_errors);
	json_writer_pair_u64(
	    json, "buffered_ops", counts.writes[PROXY_BUFFERED]);
	json_writer_pair_u64(json, "dead_letters", counts.writes[PROXY_DEAD]);
}

static void
write_service(struct json_writer *json, const struct proxy_report *report,
    const struct proxy_service *service)
{
	struct counts counts = count_writes(report, service->name);

	json_writer_object(json);
	json_writer_pair_slice(json, "name", service->name);
	json_writer_pair(json, "status", proxy_statuses[service->status]);
	json_writer_pair_time_or_null(
	    json, "last_started_at", service->last_started_at);
	json_writer_pair_time_or_null(
	    json, "last_completed_at", service->last_completed_at);
	json_writer_pair_u64(
	    json, "consecutive_failures", service->consecutive_failures);
	json_writer_pair_slice(json, "last_error", service->last_error);
	json_writer_key(json, "items_synced");
	if (service->items_synced >= 0)
		json_writer_i64(json, service->items_synced);
	else
		json_writer_null(json);
	json_writer_pair_u64(json, "buffered", counts.writes[PROXY_BUFFERED]);
	json_writer_pair_u64(json, "dead_letters", counts.writes[PROXY_DEAD]);
	json_writer_end_object(json);
}

static void
write_write(struct json_writer *json, const struct proxy_write *write)
{
	const struct proxy_decision *decision = &write->decision;

	json_writer_object(json);
	json_writer_pair_slice(json, "id", write->id);
	json_writer_pair_slice(json, "service", write->service);
	json_writer_pair_slice(json, "summary", write->summary);
	json_writer_pair_slice(json, "agent_name", write->agent_name);
	json_writer_pair(json, "state", proxy_states[write->state]);
	json_writer_pair_time(json, "created_at", write->created_at);
	json_writer_pair_time_or_null(json, "sends_at", write->sends_at);
	json_writer_pair_u64(json, "attempts", write->attempts);
	json_writer_pair_slice(json, "last_error", write->last_error);
	json_writer_pair(
	    json, "pending_action", proxy_action_name(decision->action));
	json_writer_pair_slice(json, "decided_by", decision->user_name);
	json_writer_pair_time_or_null(json, "decided_at", decision->at);
	json_writer_end_object(json);
}

static void
write_errors(struct json_writer *json, const struct proxy_report *report)
{
	json_writer_key(json, "errors");
	json_writer_array(json);
	for (size_t i = 0; i < report->error_count; i++) {
		const struct proxy_error *error = report->errors + i;

		json_writer_object(json);
		json_writer_pair_time(json, "at", error->at);
		json_writer_pair_slice(json, "service", error->service);
		json_writer_pair_slice(json, "write_id", error->write_id);
		json_writer_pair_slice(json, "error", error->error);
		json_writer_end_object(json);
	}
	json_writer_end_array(json);
}

/* GET /api/proxy/status: all of it, in the order of the report. */
static int
status_get(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	struct json_writer *json = rep->json;
	usec_t now = clock_realtime(&clock_system);
	struct proxy_report report;

	if (proxy_read(reader, req->arena, &report, err) == -1)
		return 503;
	json_writer_object(json);
	json_writer_pair_time_or_null(json, "reported_at", report.reported_at);
	json_writer_pair_bool(json, "stale",
	    proxy_is_stale(&report, prog->config->proxy_interval, now));
	write_overview(json, &report);
	json_writer_key(json, "services");
	json_writer_array(json);
	for (size_t i = 0; i < report.service_count; i++)
		write_service(json, &report, report.services + i);
	json_writer_end_array(json);
	json_writer_key(json, "writes");
	json_writer_array(json);
	for (size_t i = 0; i < report.write_count; i++)
		write_write(json, report.writes + i);
	json_writer_end_array(json);
	write_errors(json, &report);
	json_writer_pair_time(json, "generated_at", now);
	json_writer_end_object(json);
	return 200;
}

/* --- what is decided ------------------------------------------------------ */

static int
decide(const char *verb, struct program *prog, struct request *req,
    struct reply *rep, struct error *err)
{
	struct action action;

	action_begin(&action, verb);
	json_writer_pair_slice(&action.args, "id", req->word);
	return action_run(&action, prog, req, rep, err);
}

/* POST /api/proxy/writes/<id>/cancel: what is buffered is not to be sent. */
static int
cancel_post(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	return decide("proxy.cancel", prog, req, rep, err);
}

/* POST /api/proxy/writes/<id>/retry: a dead letter is to be tried again … */
static int
retry_post(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	return decide("proxy.retry", prog, req, rep, err);
}

/* POST /api/proxy/writes/<id>/discard: … or given up. */
static int
discard_post(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	return decide("proxy.discard", prog, req, rep, err);
}

static const struct route routes[] = {
	{ METHOD_GET, "/api/proxy/status", status_get, NULL, 0 },
	{ METHOD_POST, "/api/proxy/writes/<word>/cancel", cancel_post, NULL,
	    ROUTE_SLOW },
	{ METHOD_POST, "/api/proxy/writes/<word>/retry", retry_post, NULL,
	    ROUTE_SLOW },
	{ METHOD_POST, "/api/proxy/writes/<word>/discard", discard_post, NULL,
	    ROUTE_SLOW },
	ROUTE_END,
};

static int
on_open(struct program *prog, struct error *err)
{
	(void)err;
	reader = proxy_open(prog->config->telemetry_file);
	return 0;
}

static void
on_close(struct program *prog)
{
	(void)prog;
	proxy_close(reader);
}

int
main(int argc, char **argv)
{
	static const struct program_settings settings = {
		.name = "proxy",
		.summary = "answers what the service proxy does, and takes "
			   "decisions about it",
		.routes = routes,
		.on_open = on_open,
		.on_close = on_close,
	};

	return program_main(argc, argv, &settings);
}
