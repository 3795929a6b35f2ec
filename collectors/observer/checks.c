#include "collectors/observer/checks.h"

#include "collectors/observer/check.h"
#include "collectors/observer/socket_probe.h"
#include "collectors/observer/unit_probe.h"
#include "collectors/observer/web_probe.h"

#include "base/diag.h"
#include "base/memory.h"
#include "base/text.h"

#include <math.h>

#define SPREAD	       USEC_PER_SEC
#define START_PATIENCE (2 * USEC_PER_SEC)
#define START_PAUSE    (USEC_PER_SEC / 10)

struct check {
	struct checks *checks;
	const struct config_service *service;
	const struct probe_kind *kind;
	void *probes;
	void *state;
	sd_event_source *timer; /* the next check, or the end of this one */
	bool is_running;
	usec_t began_at, answered_at; /* CLOCK_MONOTONIC; 0: not yet */
	uint64_t number;	      /* of the result; 0: none */
	struct observed_service result;
};

struct checks {
	sd_event *event;
	struct clock *clock;
	checks_listener *on_change;
	void *context;
	usec_t interval;
	usec_t began_at; /* CLOCK_MONOTONIC */
	struct web_probes *web;
	struct socket_probes *sockets;
	struct unit_probes *units;
	struct check list[OBSERVED_SERVICES];
	size_t count;
	uint64_t latest;
};

/* --- what probes see ----------------------------------------------------- */

const struct config_service *
check_service(const struct check *check)
{
	return check->service;
}

void **
check_state(struct check *check)
{
	return &check->state;
}

void
check_answered(struct check *check)
{
	check->answered_at = clock_monotonic(check->checks->clock);
}

/* --- a check ------------------------------------------------------------- */

static void
set_timer(struct check *check, usec_t span)
{
	int r = sd_event_source_set_time_relative(check->timer, span);

	if (r >= 0)
		r = sd_event_source_set_enabled(check->timer, SD_EVENT_ONESHOT);
	if (r < 0)
		diag(DIAG_ERROR, "%s: its timer: %s", check->service->name,
		    strerror(-r));
}

/* What a peer said must not end in the middle of a character, nor move a
 * terminal's cursor. */
static void
set_details(struct observed_service *result, const char *details)
{
	cleanup(buf_free) struct buf shown = BUF_INIT;
	size_t len;

	text_add_visible(&shown, slice_of(details), TEXT_ONE_LINE);
	len = text_cut(buf_slice(&shown), OBSERVED_DETAILS_BYTES);
	memcpy(result->details, shown.data, len);
	result->details[len] = '\0';
}

static void
set_result(struct check *check, const struct verdict *verdict, usec_t took)
{
	struct observed_service *result = &check->result;
	enum observed_status status = verdict->status, before = result->status;
	cleanup(buf_free) struct buf details = BUF_INIT;

	buf_add_str(&details, verdict->details);
	if (status == OBSERVED_HEALTHY && took > check->service->timeout / 2) {
		status = OBSERVED_DEGRADED;
		buf_add_str(&details, ", answers slowly");
	}
	result->status = status;
	result->latency_ms = (double)took / USEC_PER_MSEC;
	result->checked_at = clock_realtime(check->checks->clock);
	set_details(result, details.data);
	check->number = ++check->checks->latest;
	if (status != before)
		check->checks->on_change(check->checks->context);
}

/* Who is started together with us may not be there at once. */
static bool
may_still_start(
    const struct check *check, const struct verdict *verdict, usec_t now)
{
	return verdict->status == OBSERVED_UNHEALTHY && check->number == 0 &&
	       now - check->checks->began_at < START_PATIENCE;
}

void
check_end(struct check *check, const struct verdict *verdict)
{
	usec_t now = clock_monotonic(check->checks->clock);
	usec_t end = check->answered_at == 0 ? now : check->answered_at;
	usec_t spent = now - check->began_at;
	usec_t interval = check->checks->interval;

	check->is_running = false;
	if (may_still_start(check, verdict, now)) {
		set_timer(check, START_PAUSE);
		return;
	}
	set_result(check, verdict, end - check->began_at);
	set_timer(check, spent < interval ? interval - spent : 0);
}

static void
run_out(struct check *check)
{
	cleanup(buf_free) struct buf details = BUF_INIT;

	check->kind->cancel(check->probes, check);
	buf_addf(&details, "timed out after %llu ms",
	    (unsigned long long)(check->service->timeout / USEC_PER_MSEC));
	check_end(check, &(struct verdict){ OBSERVED_UNHEALTHY, details.data });
	check->result.latency_ms = (double)NAN;
}

static int
on_timer(sd_event_source *source, usec_t at, void *userdata)
{
	struct check *check = userdata;

	(void)source;
	(void)at;
	if (check->is_running) {
		run_out(check);
		return 0;
	}
	check->is_running = true;
	check->state = NULL;
	check->answered_at = 0;
	check->began_at = clock_monotonic(check->checks->clock);
	set_timer(check, check->service->timeout);
	check->kind->begin(check->probes, check);
	return 0;
}

/* --- all of them --------------------------------------------------------- */

struct checks *
checks_new(sd_event *event, struct clock *clock, struct web *web,
    checks_listener *on_change, void *context)
{
	struct checks *checks = memory_new(sizeof(*checks));

	checks->event = sd_event_ref(event);
	checks->clock = clock;
	checks->began_at = clock_monotonic(clock);
	checks->on_change = on_change;
	checks->context = context;
	checks->sockets = socket_probes_new(event);
	checks->units = unit_probes_new(event);
	checks->web = web_probes_new(event, web);
	return checks;
}

static void
forget(struct checks *checks)
{
	for (size_t i = 0; i < checks->count; i++) {
		struct check *check = &checks->list[i];

		if (check->is_running)
			check->kind->cancel(check->probes, check);
		sd_event_source_disable_unref(check->timer);
	}
	checks->count = 0;
}

void
checks_free(struct checks *checks)
{
	if (checks == NULL)
		return;
	forget(checks);
	web_probes_free(checks->web);
	socket_probes_free(checks->sockets);
	unit_probes_free(checks->units);
	sd_event_unref(checks->event);
	free(checks);
}

/* False: nobody checks a service of this kind here. */
static bool
choose_probe(struct checks *checks, struct check *check)
{
	switch (check->service->kind) {
	case CONFIG_SERVICE_HTTP:
		check->kind = &web_probe_http;
		check->probes = checks->web;
		return true;
	case CONFIG_SERVICE_TCP:
		check->kind = &web_probe_tcp;
		check->probes = checks->web;
		return true;
	case CONFIG_SERVICE_UNIX:
		check->kind = &socket_probe;
		check->probes = checks->sockets;
		return true;
	case CONFIG_SERVICE_SYSTEMD:
		check->kind = &unit_probe;
		check->probes = checks->units;
		return true;
	default:
		return false;
	}
}

static void
add_check(struct checks *checks, const struct config_service *service)
{
	struct check *check = &checks->list[checks->count];
	size_t len = strlen(service->name);
	int r;

	*check = (struct check){ .checks = checks, .service = service };
	if (!choose_probe(checks, check) || service->target == NULL ||
	    len > OBSERVED_NAME_BYTES)
		return;
	memcpy(check->result.name, service->name, len);
	r = sd_event_add_time_relative(checks->event, &check->timer,
	    CLOCK_BOOTTIME, SPREAD * checks->count / OBSERVED_SERVICES, 0,
	    on_timer, check);
	if (r < 0)
		diag(DIAG_ERROR, "%s: its timer: %s", service->name,
		    strerror(-r));
	else
		checks->count++;
}

void
checks_set(struct checks *checks, const struct config *config)
{
	forget(checks);
	checks->interval = config->check_interval;
	for (size_t i = 0; i < config->service_count; i++)
		if (checks->count < OBSERVED_SERVICES)
			add_check(checks, &config->services[i]);
}

size_t
checks_results(const struct checks *checks, uint64_t after,
    struct observed_service ret_services[static OBSERVED_SERVICES])
{
	size_t count = 0;

	for (size_t i = 0; i < checks->count; i++)
		if (checks->list[i].number > after)
			ret_services[count++] = checks->list[i].result;
	return count;
}

uint64_t
checks_latest(const struct checks *checks)
{
	return checks->latest;
}
