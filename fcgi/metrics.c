/* metrics.fcgi: what is measured.
 *
 *	/metrics		for Prometheus: its text format or OpenMetrics
 *	/api/metrics		the figures of a category (categories.c)
 *	/api/metrics/history	a figure over time (charts.c)
 *	/api/health		what the Health page shows (health_page.c)
 *
 * What is now comes from the daemon's two pages, what was and alerts from
 * telemetry.db. The Health page is answered here because it needs what metrics
 * need, all of it, and no other program does.
 */
#include "fcgi/categories.h"
#include "fcgi/charts.h"
#include "fcgi/health_page.h"
#include "fcgi/scrape.h"

#include "http/accept.h"
#include "http/reply.h"

/* How long a rendered answer stands while the page is not written; and how
 * long what costs more to look at, however often it is. */
static const usec_t PAGE_KEPT = USEC_PER_SEC;

static struct observed_page *observed;
static struct alerts_reader *alerts;
static struct outbox *outbox;

/* --- /metrics ------------------------------------------------------------- */

static const struct accept_offer offers[] = {
	[EXPOSITION_TEXT] = { "text/plain", "version", "0.0.4" },
	[EXPOSITION_OPENMETRICS] = { "application/openmetrics-text", "version",
	    "1.0.0" },
};
enum { FORMATS = sizeof(offers) / sizeof(offers[0]) };

static const char *const media_types[FORMATS] = {
	[EXPOSITION_TEXT] = "text/plain; version=0.0.4; charset=utf-8",
	[EXPOSITION_OPENMETRICS] =
	    "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

/* The rendered answers, until the page is written or time makes them others. */
static struct {
	struct buf body; /* empty: render it */
	usec_t rendered_at;
	const struct config *config;
} pages[FORMATS];

/* What is no page's: of a second ago at most. */
static struct {
	usec_t looked_at; /* 0: never */
	usec_t started_at;
	struct alert_counts alerts;
	bool has_alerts;
	const struct config *config; /* whose channels follow */
	struct outbox_channel channels[CONFIG_NOTIFIES];
	bool has_channels;
	struct arena arena;
	struct own_process process;
} beside;

static void
look_at_channels(const struct config *config)
{
	struct error err;

	arena_reset(&beside.arena);
	beside.config = config;
	beside.has_channels = true;
	for (size_t i = 0; i < config->notify_count && beside.has_channels; i++)
		beside.has_channels =
		    outbox_channel(outbox, slice_of(config->notifies[i].name),
			&beside.arena, beside.channels + i, &err) == 0;
}

static void
look_beside(const struct config *config, usec_t now)
{
	struct error err = { 0 };

	if (beside.looked_at != 0 && now - beside.looked_at < PAGE_KEPT &&
	    beside.config == config)
		return;
	look_at_channels(config);
	/* Without the database nothing is known of alerts. */
	beside.has_alerts = alerts_count(alerts, clock_realtime(&clock_system),
				&beside.alerts, &err) == 0;
	own_process_read(&beside.process);
	beside.looked_at = now;
}

static void
render(struct program *prog, enum exposition_format format, struct buf *out)
{
	struct view view;
	struct scrape scrape = {
		.config = prog->config,
		.view = &view,
		.process = &beside.process,
		.process_started_at = beside.started_at,
	};

	view_look(prog, observed, &view);
	look_beside(prog->config, loop_now(prog->loop));
	if (beside.has_alerts)
		scrape.alerts = &beside.alerts;
	if (beside.has_channels)
		scrape.channels = beside.channels;
	scrape_write(&scrape, format, out);
}

static void
on_status(struct program *prog)
{
	(void)prog;
	for (size_t i = 0; i < FORMATS; i++)
		buf_reset(&pages[i].body);
}

/* GET /metrics: everything, as Prometheus reads it. */
static int
metrics_get(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	size_t format =
	    accept_choose(request_header(req, "Accept"), offers, FORMATS);
	usec_t now = loop_now(prog->loop);

	(void)err;
	if (pages[format].body.len == 0 ||
	    pages[format].config != prog->config ||
	    now - pages[format].rendered_at > PAGE_KEPT) {
		buf_reset(&pages[format].body);
		render(
		    prog, (enum exposition_format)format, &pages[format].body);
		pages[format].rendered_at = now;
		pages[format].config = prog->config;
	}
	reply_type(rep, media_types[format]);
	reply_header(rep, "Vary", "Accept");
	reply_kept(rep, buf_slice(&pages[format].body));
	return 200;
}

/* --- /api/metrics --------------------------------------------------------- */

/* GET /api/metrics: the figures of a category. */
static int
category_get(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	struct view view;
	int category;

	if (categories_read(req, &category, err) == -1)
		return 400;
	view_look(prog, observed, &view);
	categories_write(category, &view, rep->json);
	return 200;
}

/* --- the program ---------------------------------------------------------- */

static const struct route routes[] = {
	{ METHOD_GET, "/metrics", metrics_get, NULL, 0 },
	{ METHOD_GET, "/api/metrics", category_get, categories_params, 0 },
	{ METHOD_GET, "/api/metrics/history", charts_get, charts_params,
	    ROUTE_SLOW },
	{ METHOD_GET, "/api/health", health_page_get, NULL, ROUTE_SLOW },
	ROUTE_END,
};

static int
on_open(struct program *prog, struct error *err)
{
	for (size_t i = 0; i < FORMATS; i++)
		buf_init(&pages[i].body);
	beside.started_at = clock_realtime(&clock_system);
	alerts = alerts_open(prog->config->telemetry_file);
	outbox = outbox_open(prog->config->telemetry_file);
	observed = observed_open(prog->config->observed_file, err);
	return observed == NULL ? -1 : 0;
}

static void
on_close(struct program *prog)
{
	(void)prog;
	observed_close(observed);
	alerts_close(alerts);
	outbox_close(outbox);
	arena_free(&beside.arena);
	for (size_t i = 0; i < FORMATS; i++)
		buf_free(&pages[i].body);
}

int
main(int argc, char **argv)
{
	static const struct program_settings settings = {
		.name = "metrics",
		.summary = "answers what is measured",
		.routes = routes,
		.on_open = on_open,
		.on_status = on_status,
		.on_close = on_close,
	};

	return program_main(argc, argv, &settings);
}
