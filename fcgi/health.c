/* health.fcgi: is the machine healthy, and what is it made of?
 *
 *	/health		status, services, resources; 503 when unhealthy
 *	/health/live	this program answers
 *	/health/ready	entries are being accepted
 *
 * All of it comes from the daemon's two pages, so it is true on a full disk,
 * too. What it comes to is said in judgement.h.
 */
#include "fcgi/judgement.h"

#include "base/cleanup.h"
#include "base/json_writer.h"
#include "http/reply.h"

/* How long a rendered answer stands while the page is not written. */
static const usec_t PAGE_KEPT = USEC_PER_SEC;

static struct observed_page *observed;

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
		    judgement_name(judgement_of_service(service, view)));
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
	/* A daemon that has just begun has not sampled anything. */
	bool is_known =
	    view->is_there && status->sampled_at != 0 &&
	    view_is_current(view, status->sampled_at, OBSERVED_SILENCE_MAX);

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
	enum health overall = judgement_of_all(config, view);
	struct json_writer json;

	json_writer_init(&json, out);
	json_writer_object(&json);
	json_writer_pair(&json, "status", judgement_name(overall));
	json_writer_pair(&json, "version", KRUXOS_VERSION);
	json_writer_key(&json, "uptime_seconds");
	if (view->is_there)
		json_writer_u64(&json, view_uptime(view) / USEC_PER_SEC);
	else
		json_writer_null(&json);
	write_services(config, view, &json);
	write_resources(view, &json);
	json_writer_end_object(&json);
	buf_add_char(out, '\n');
	return overall == HEALTH_UNHEALTHY ? 503 : 200;
}

/* --- handlers ------------------------------------------------------------- */

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
	struct view view;

	(void)req, (void)err;
	if (page.status == 0 || page.config != prog->config ||
	    now - page.rendered_at > PAGE_KEPT) {
		view_look(prog, observed, &view);
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
	struct view view;

	(void)req, (void)err;
	view_look(prog, observed, &view);
	return write_ready(&view, &rep->body);
}

static const struct route routes[] = {
	{ METHOD_GET, "/health", health_get, NULL, 0 },
	{ METHOD_GET, "/health/live", live_get, NULL, 0 },
	{ METHOD_GET, "/health/ready", ready_get, NULL, 0 },
	ROUTE_END,
};

static int
on_open(struct program *prog, struct error *err)
{
	observed = observed_open(prog->config->observed_file, err);
	return observed == NULL ? -1 : 0;
}

static void
on_close(struct program *prog)
{
	(void)prog;
	observed_close(observed);
	buf_free(&page.body);
}

int
main(int argc, char **argv)
{
	static const struct program_settings settings = {
		.name = "health",
		.summary = "answers whether the machine is healthy",
		.routes = routes,
		.on_open = on_open,
		.on_status = on_status,
		.on_close = on_close,
	};

	return program_main(argc, argv, &settings);
}
