#include "collectors/observer/observer.h"

#include "collectors/observer/access_log.h"
#include "collectors/observer/checks.h"
#include "collectors/observer/host.h"
#include "collectors/observer/link.h"
#include "collectors/observer/notices.h"
#include "collectors/observer/programs.h"
#include "collectors/observer/report.h"
#include "collectors/observer/web.h"

#include "base/diag.h"
#include "base/memory.h"
#include "config/config.h"

#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include <sys/signalfd.h>

#include <errno.h>
#include <signal.h>

#define SAMPLE_EVERY (5 * USEC_PER_SEC)
/* The first sample's CPU counts from the start: long enough to be a figure. */
#define FIRST_SAMPLE (USEC_PER_SEC / 5)
#define READ_EVERY   USEC_PER_SEC
/* What changes at the same time is told in one. */
#define REPORT_SOON (100 * USEC_PER_MSEC)
#define LOOK_EVERY  USEC_PER_SEC
/* When a turn has left something: others come first. */
#define READ_AGAIN (20 * USEC_PER_MSEC)

static const struct host_roots roots = { "/proc", "/sys/fs/cgroup" };

struct observer {
	struct clock *clock;
	char *config_path;
	struct config *config;
	sd_event *event;
	sd_event_source *soon; /* a report before its time */
	struct host *host;
	struct programs *programs;
	struct traffic *traffic;
	struct access_log *access_log;
	struct web *web;
	struct checks *checks;
	struct notices *notices;
	struct link *link;
	sd_event_source *ready; /* the link is, and something may be told */
	struct observed
	    observed; /* the last sample; services are the checks' */
	bool has_sample;
	bool is_due;	     /* a report */
	bool is_report;	     /* what was sent last */
	uint64_t sent, told; /* results: sent with the last report; answered */
	struct buf args;
};

/* --- reporting ----------------------------------------------------------- */

static void
report(struct observer *observer)
{
	struct observed *observed = &observer->observed;

	observer->sent = checks_latest(observer->checks);
	observed->service_count = checks_results(
	    observer->checks, observer->told, observed->services);
	report_write(observed, &observer->args);
	link_send(
	    observer->link, "telemetry.report", buf_slice(&observer->args));
}

/* One thing at a time, a report first. */
static int
on_ready(sd_event_source *source, void *userdata)
{
	struct observer *observer = userdata;

	(void)source;
	if (!link_is_ready(observer->link))
		return 0;
	buf_reset(&observer->args);
	observer->is_report = observer->is_due && observer->has_sample;
	if (observer->is_report) {
		observer->is_due = false;
		report(observer);
	} else if (notices_result(observer->notices, &observer->args)) {
		link_send(observer->link, "notices.result",
		    buf_slice(&observer->args));
	}
	return 0;
}

/* Not from within the link's own doing. */
static void
tell_soon(void *context)
{
	struct observer *observer = context;

	sd_event_source_set_enabled(observer->ready, SD_EVENT_ONESHOT);
}

/* The daemon may be another one, which knows nothing yet. */
static void
on_open(void *context)
{
	struct observer *observer = context;

	observer->told = 0;
	observer->is_due = true;
	tell_soon(observer);
}

static void
on_answered(void *context, bool is_done)
{
	struct observer *observer = context;

	if (!observer->is_report) {
		notices_told(observer->notices, is_done);
		notices_tick(observer->notices);
	} else if (is_done) {
		observer->told = observer->sent;
	}
	tell_soon(observer);
}

/* --- what comes by time -------------------------------------------------- */

static int
again(sd_event_source *source, usec_t span)
{
	sd_event_source_set_time_relative(source, span);
	sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	return 0;
}

static int
on_sample(sd_event_source *source, usec_t at, void *userdata)
{
	struct observer *observer = userdata;
	struct observed *observed = &observer->observed;

	(void)at;
	host_read(
	    observer->host, observer->config->audit_dir, observed->figures);
	traffic_figures(observer->traffic, observed->figures);
	observed->route_count =
	    traffic_routes(observer->traffic, observed->routes);
	observed->program_count =
	    programs_read(observer->programs, observed->programs);
	observer->has_sample = observer->is_due = true;
	tell_soon(observer);
	return again(source, SAMPLE_EVERY);
}

static int
on_soon(sd_event_source *source, usec_t at, void *userdata)
{
	struct observer *observer = userdata;

	(void)source;
	(void)at;
	observer->is_due = true;
	tell_soon(observer);
	return 0;
}

static void
on_change(void *context)
{
	struct observer *observer = context;
	int enabled = SD_EVENT_OFF;

	sd_event_source_get_enabled(observer->soon, &enabled);
	if (enabled == SD_EVENT_OFF)
		again(observer->soon, REPORT_SOON);
}

static int
on_read(sd_event_source *source, usec_t at, void *userdata)
{
	struct observer *observer = userdata;
	bool is_more = access_log_turn(observer->access_log);

	(void)at;
	return again(source, is_more ? READ_AGAIN : READ_EVERY);
}

static int
on_look(sd_event_source *source, usec_t at, void *userdata)
{
	struct observer *observer = userdata;

	(void)at;
	notices_tick(observer->notices);
	tell_soon(observer);
	return again(source, LOOK_EVERY);
}

/* --- signals ------------------------------------------------------------- */

static int
on_stop(sd_event_source *source, const struct signalfd_siginfo *info,
    void *userdata)
{
	struct observer *observer = userdata;

	(void)source;
	diag(DIAG_INFO, "stopping (%s)",
	    info->ssi_signo == SIGTERM ? "SIGTERM" : "SIGINT");
	sd_notify(0, "STOPPING=1");
	sd_event_exit(observer->event, 0);
	return 0;
}

static bool
moves_things(const struct config *old, const struct config *new)
{
	return strcmp(old->data_dir, new->data_dir) != 0 ||
	       strcmp(old->runtime_dir, new->runtime_dir) != 0 ||
	       strcmp(old->log_dir, new->log_dir) != 0 ||
	       strcmp(old->pid_dir, new->pid_dir) != 0;
}

static void
reload(struct observer *observer)
{
	cleanup(config_freep) struct config *config = NULL;
	struct config *old = observer->config;
	struct error err;

	if (config_load(observer->config_path, &config, &err) == -1) {
		diag(DIAG_ERROR, "%s; all stays as it was", err.sentence);
		return;
	}
	if (moves_things(old, config)) {
		diag(DIAG_ERROR,
		    "%s: folders move at a restart only; all stays as it was",
		    observer->config_path);
		return;
	}
	checks_set(observer->checks, config);
	notices_set(observer->notices, config);
	observer->config = config;
	config = old;
	observer->told = 0;
	diag(DIAG_INFO, "%s was read again", observer->config_path);
}

static int
on_reload(sd_event_source *source, const struct signalfd_siginfo *info,
    void *userdata)
{
	(void)source;
	(void)info;
	sd_notify(0, "RELOADING=1");
	reload(userdata);
	sd_notify(0, "READY=1");
	return 0;
}

/* --- the loop ------------------------------------------------------------ */

static int
event_fail(int result, const char *what, struct error *err)
{
	errno = -result;
	return error_set_errno(err, "the loop: %s", what);
}

/* Before the first thread: curl's take the mask over. */
static int
block_signals(struct error *err)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) == -1)
		return error_set_errno(err, "sigprocmask");
	return 0;
}

static int
open_loop(struct observer *observer, struct error *err)
{
	sd_event *event;
	int r;

	if (block_signals(err) == -1)
		return -1;
	r = sd_event_new(&observer->event);
	if (r < 0)
		return event_fail(r, "new", err);
	event = observer->event;
	r = sd_event_add_signal(event, NULL, SIGTERM, on_stop, observer);
	if (r >= 0)
		r = sd_event_add_signal(event, NULL, SIGINT, on_stop, observer);
	if (r >= 0)
		r = sd_event_add_signal(
		    event, NULL, SIGHUP, on_reload, observer);
	if (r >= 0)
		r = sd_event_add_time_relative(event, NULL, CLOCK_BOOTTIME,
		    FIRST_SAMPLE, 0, on_sample, observer);
	if (r >= 0)
		r = sd_event_add_time_relative(
		    event, NULL, CLOCK_BOOTTIME, 0, 0, on_read, observer);
	if (r >= 0)
		r = sd_event_add_time_relative(event, &observer->soon,
		    CLOCK_BOOTTIME, REPORT_SOON, 0, on_soon, observer);
	if (r >= 0)
		r = sd_event_add_time_relative(
		    event, NULL, CLOCK_BOOTTIME, 0, 0, on_look, observer);
	if (r >= 0)
		r = sd_event_add_defer(
		    event, &observer->ready, on_ready, observer);
	if (r < 0)
		return event_fail(r, "sources", err);
	/* Without $WATCHDOG_USEC there is none, and that is fine. */
	sd_event_set_watchdog(event, true);
	return 0;
}

static int
make_parts(struct observer *observer, struct error *err)
{
	const struct config *config = observer->config;
	const struct link_handlers handlers = { on_open, on_answered,
		observer };

	observer->host = host_new(&roots, observer->clock);
	observer->programs =
	    programs_new(&roots, config->pid_dir, observer->clock);
	observer->traffic = traffic_new(observer->clock);
	observer->access_log = access_log_new(config->access_log,
	    config->nginx_pid, observer->traffic, observer->clock);
	observer->web = web_new(observer->event, err);
	if (observer->web == NULL)
		return -1;
	observer->checks = checks_new(observer->event, observer->clock,
	    observer->web, on_change, observer);
	checks_set(observer->checks, config);
	observer->notices =
	    notices_new(observer->web, observer->clock, tell_soon, observer);
	notices_set(observer->notices, config);
	observer->link = link_new(
	    observer->event, observer->clock, config->ingest_socket, &handlers);
	return 0;
}

struct observer *
observer_new(const char *config_path, struct error *err)
{
	struct observer *observer = memory_new(sizeof(*observer));

	observer->clock = &clock_system;
	buf_init(&observer->args);
	figure_clear(observer->observed.figures);
	observer->config_path = strdup(config_path);
	if (observer->config_path == NULL)
		memory_end(strlen(config_path));
	if (config_load(observer->config_path, &observer->config, err) == 0 &&
	    open_loop(observer, err) == 0 && make_parts(observer, err) == 0)
		return observer;
	observer_free(observer);
	return NULL;
}

int
observer_run(struct observer *observer, struct error *err)
{
	int r;

	sd_notify(0, "READY=1");
	diag(DIAG_INFO, "observing for %s", observer->config->ingest_socket);
	r = sd_event_loop(observer->event);
	return r < 0 ? event_fail(r, "run", err) : 0;
}

void
observer_free(struct observer *observer)
{
	if (observer == NULL)
		return;
	link_free(observer->link);
	notices_free(observer->notices);
	checks_free(observer->checks);
	web_free(observer->web);
	sd_event_source_disable_unref(observer->ready);
	access_log_free(observer->access_log);
	traffic_free(observer->traffic);
	programs_free(observer->programs);
	host_free(observer->host);
	sd_event_source_unref(observer->soon);
	sd_event_unref(observer->event);
	config_free(observer->config);
	buf_free(&observer->args);
	free(observer->config_path);
	free(observer);
}
