/* health.fcgi: is the machine healthy, and what is it made of?
 *
 *	/health		status, services, resources; 503 when unhealthy
 *	/health/live	this program answers
 *	/health/ready	entries are being accepted
 *
 * All of it comes from the daemon's two pages, so it is true on a full disk,
 * too. What it comes to is said in judgement.h.
 */
#include "fcgi/health_summary.h"

#include "base/cleanup.h"
#include "base/json_writer.h"
#include "http/reply.h"

/* How long a rendered answer stands while the page is not written. */
static const usec_t PAGE_KEPT = USEC_PER_SEC;

static struct observed_page *observed;

/* --- the answer ----------------------------------------------------------- */

/* The answer of /health; returns its HTTP status. */
static int
write_health(
    const struct config *config, const struct view *view, struct buf *out)
{
	struct json_writer json;
	enum health overall;

	json_writer_init(&json, out);
	overall = health_summary_write(config, view, &json);
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
