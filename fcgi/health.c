/* health.fcgi: is the machine healthy, and what is it made of?
 *
 *	/health		status, services, resources; 503 when unhealthy
 *	/health/live	this program answers
 *	/health/ready	entries are being accepted
 *
 * All of it comes from the status page, so it is true on a full disk too. What
 * the daemon does not write about, nobody checks yet: it is unknown, and
 * counts for nothing.
 */
#include "fcgi/program.h"

#include "base/cleanup.h"
#include "base/json_writer.h"
#include "config/config.h"
#include "http/reply.h"

/* Three intervals of the daemon's samples (5 s) without one: it has stopped
 * reporting. */
static const usec_t SILENCE_MAX = 15 * USEC_PER_SEC;
/* How long a rendered answer stands while the page is not written. */
static const usec_t PAGE_KEPT = USEC_PER_SEC;

enum health {
	HEALTH_UNKNOWN,
	HEALTH_HEALTHY,
	HEALTH_DEGRADED,
	HEALTH_UNHEALTHY,
};

static const char *const health_names[] = {
	[HEALTH_UNKNOWN] = "unknown",
	[HEALTH_HEALTHY] = "healthy",
	[HEALTH_DEGRADED] = "degraded",
	[HEALTH_UNHEALTHY] = "unhealthy",
};

/* What is known at one moment. */
struct view {
	bool is_there; /* the daemon reports */
	struct status status;
	usec_t now;	 /* CLOCK_REALTIME */
	usec_t boottime; /* CLOCK_BOOTTIME, as in the page */
};

/* --- judgement ------------------------------------------------------------ */

static bool
is_recent(usec_t time, usec_t now)
{
	return time != 0 && (time >= now || now - time <= SILENCE_MAX);
}

static usec_t
uptime(const struct view *view)
{
	usec_t started = view->status.started_at;

	return view->now > started ? view->now - started : 0;
}

/* Has the host been sampled of late? A daemon that has just begun still may. */
static bool
samples_flow(const struct view *view)
{
	return is_recent(view->status.sampled_at, view->boottime) ||
	       (view->status.sampled_at == 0 && uptime(view) <= SILENCE_MAX);
}

/* Entries are recorded; and the chain holds. */
static enum health
audit_health(const struct view *view)
{
	if (!view->is_there)
		return HEALTH_UNHEALTHY;
	switch (view->status.refusal) {
	case STATUS_ACCEPTING:
		break;
	case STATUS_STARTING:
		return HEALTH_DEGRADED;
	default:
		return HEALTH_UNHEALTHY;
	}
	return view->status.integrity == STATUS_DAMAGED ? HEALTH_DEGRADED
							: HEALTH_HEALTHY;
}

/* The databases: state.db, and the index, without which entries are recorded
 * all the same, but not found. */
static enum health
state_health(const struct view *view)
{
	if (!view->is_there)
		return HEALTH_UNHEALTHY;
	if (view->status.refusal == STATUS_STARTING)
		return HEALTH_DEGRADED;
	if (view->status.state == STATUS_STATE_FAILING)
		return HEALTH_UNHEALTHY;
	if (view->status.state == STATUS_STATE_LOST ||
	    !status_index_is_good(&view->status, view->boottime))
		return HEALTH_DEGRADED;
	return HEALTH_HEALTHY;
}

static const struct {
	const char *service;
	enum health (*judge)(const struct view *view);
} judges[] = {
	{ "audit", audit_health },
	{ "state", state_health },
};

static enum health
service_health(const struct config_service *service, const struct view *view)
{
	for (size_t i = 0; i < sizeof(judges) / sizeof(judges[0]); i++)
		if (strcmp(judges[i].service, service->name) == 0)
			return judges[i].judge(view);
	return HEALTH_UNKNOWN;
}

/* Only what is critical makes the whole unhealthy. */
static enum health
overall_health(const struct config *config, const struct view *view)
{
	enum health worst = HEALTH_HEALTHY;

	if (!view->is_there || !samples_flow(view))
		return HEALTH_UNHEALTHY;
	for (size_t i = 0; i < config->service_count; i++) {
		const struct config_service *service = &config->services[i];
		enum health health = service_health(service, view);

		if (health == HEALTH_UNHEALTHY && !service->critical)
			health = HEALTH_DEGRADED;
		if (health > worst)
			worst = health;
	}
	return worst;
}

/* --- the answer ----------------------------------------------------------- */

static void
write_services(const struct config *config, const struct view *view,
    struct json_writer *json)
{
	json_writer_key(json, "services");
	json_writer_object(json);
	for (size_t i = 0; i < config->service_count; i++) {
		const struct config_service *service = &config->services[i];

		json_writer_pair(json, service->name,
		    health_names[service_health(service, view)]);
	}
	json_writer_end_object(json);
}

static void
write_percent(
    struct json_writer *json, const char *key, double percent, bool is_known)
{
	json_writer_key(json, key);
	if (is_known)
		json_writer_fixed(json,
		    percent < 0	    ? 0
		    : percent > 100 ? 100
				    : percent,
		    1);
	else
		json_writer_null(json);
}

/* In MiB, as the specification's megabytes are. */
static void
write_megabytes(
    struct json_writer *json, const char *key, uint64_t bytes, bool is_known)
{
	json_writer_key(json, key);
	if (is_known)
		json_writer_u64(json, bytes >> 20);
	else
		json_writer_null(json);
}

static void
write_resources(const struct view *view, struct json_writer *json)
{
	const struct status *status = &view->status;
	bool is_known =
	    view->is_there && is_recent(status->sampled_at, view->boottime);

	json_writer_key(json, "resources");
	json_writer_object(json);
	write_percent(json, "cpu_percent", status->cpu_percent, is_known);
	write_megabytes(
	    json, "memory_used_mb", status->memory_used_bytes, is_known);
	write_megabytes(
	    json, "memory_total_mb", status->memory_total_bytes, is_known);
	write_percent(
	    json, "disk_used_percent", status->disk_used_percent, is_known);
	json_writer_end_object(json);
}

/* The answer of /health; returns its HTTP status. */
static int
write_health(
    const struct config *config, const struct view *view, struct buf *out)
{
	enum health overall = overall_health(config, view);
	struct json_writer json;

	json_writer_init(&json, out);
	json_writer_object(&json);
	json_writer_pair(&json, "status", health_names[overall]);
	json_writer_pair(&json, "version", KRUXOS_VERSION);
	json_writer_key(&json, "uptime_seconds");
	if (view->is_there)
		json_writer_u64(&json, uptime(view) / USEC_PER_SEC);
	else
		json_writer_null(&json);
	write_services(config, view, &json);
	write_resources(view, &json);
	json_writer_end_object(&json);
	buf_add_char(out, '\n');
	return overall == HEALTH_UNHEALTHY ? 503 : 200;
}

/* --- handlers ------------------------------------------------------------- */

static void
look(struct program *prog, struct view *ret)
{
	struct error err = { 0 };
	/* Why it cannot be read is for the daemon's own diagnostics: here it
	 * only does not report. */
	bool is_read = program_status(prog, &ret->status, &err) == 0;

	/* After the page, whose heartbeat would lie in the future else. */
	ret->now = clock_realtime(&clock_system);
	ret->boottime = clock_boottime(&clock_system);
	ret->is_there = is_read && status_is_fresh(&ret->status, ret->boottime,
				       SILENCE_MAX);
}

/* The rendered answer, until the page is written or time makes it another. */
static struct {
	struct buf body;
	int status; /* 0: render it */
	usec_t rendered_at;
	const struct config *config;
} page = { .body = BUF_INIT };

static void
on_status(struct program *prog)
{
	(void)prog;
	page.status = 0;
}

/* GET /health: is the machine healthy, and what is it made of? */
static int
health_get(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	usec_t now = loop_now(prog->loop);
	struct view view = { 0 };

	(void)req, (void)err;
	if (page.status == 0 || page.config != prog->config ||
	    now - page.rendered_at > PAGE_KEPT) {
		look(prog, &view);
		buf_reset(&page.body);
		page.status = write_health(prog->config, &view, &page.body);
		page.rendered_at = now;
		page.config = prog->config;
	}
	reply_kept(rep, buf_slice(&page.body));
	return page.status;
}

/* GET /health/live: this program answers. */
static int
live_get(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	(void)prog, (void)req, (void)err;
	reply_kept(rep, SLICE_LITERAL("{\"status\":\"live\"}\n"));
	return 200;
}

/* Why entries are not accepted: "disk_full: audit/…: No space left on
 * device". */
static void
add_why_not(const struct view *view, struct buf *out)
{
	if (!view->is_there) {
		buf_add_str(out, "kruxosd does not report");
		return;
	}
	buf_add_str(out, status_refusal_name(view->status.refusal));
	if (view->status.reason[0] != '\0')
		buf_addf(out, ": %s", view->status.reason);
}

/* The answer of /health/ready; returns its HTTP status. */
static int
write_ready(const struct view *view, struct buf *out)
{
	cleanup(buf_free) struct buf detail = BUF_INIT;
	struct json_writer json;
	bool is_ready =
	    view->is_there && view->status.refusal == STATUS_ACCEPTING;

	json_writer_init(&json, out);
	json_writer_object(&json);
	json_writer_pair(&json, "status", is_ready ? "ready" : "not_ready");
	if (!is_ready) {
		add_why_not(view, &detail);
		json_writer_pair_slice(&json, "detail", buf_slice(&detail));
	}
	json_writer_end_object(&json);
	buf_add_char(out, '\n');
	return is_ready ? 200 : 503;
}

/* GET /health/ready: are entries being accepted? */
static int
ready_get(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	struct view view = { 0 };

	(void)req, (void)err;
	look(prog, &view);
	return write_ready(&view, &rep->body);
}

static const struct route routes[] = {
	{ METHOD_GET, "/health", health_get, NULL, 0 },
	{ METHOD_GET, "/health/live", live_get, NULL, 0 },
	{ METHOD_GET, "/health/ready", ready_get, NULL, 0 },
	ROUTE_END,
};

static void
on_close(struct program *prog)
{
	(void)prog;
	buf_free(&page.body);
}

int
main(int argc, char **argv)
{
	static const struct program_settings settings = {
		.name = "health",
		.summary = "answers whether the machine is healthy",
		.routes = routes,
		.on_status = on_status,
		.on_close = on_close,
	};

	return program_main(argc, argv, &settings);
}
