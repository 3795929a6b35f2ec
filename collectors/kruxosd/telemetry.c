#include "collectors/kruxosd/telemetry.h"

#include "base/diag.h"
#include "base/memory.h"
#include "base/number.h"
#include "collectors/kruxosd/telemetry_report.h"

#include <math.h>

/* The page is written as often, whatever is new. */
#define WRITE_EVERY (5 * USEC_PER_SEC)

struct service {
	int kind; /* enum config_service_kind */
	uint64_t parents;
	usec_t patience;		    /* with them (alert_engine.h) */
	char user[OBSERVED_NAME_BYTES + 1]; /* "": nobody */
	/* CLOCK_BOOTTIME; the second of its last heartbeat, 0: of none. */
	usec_t added_at, heard_at;
	struct observed_service seen;
};

struct telemetry {
	struct clock *clock;
	struct recorder *recorder;
	struct observed_page *page; /* NULL: there is none */
	bool has_failed;	    /* to be written, and that was said */
	usec_t write_due;	    /* CLOCK_BOOTTIME */
	usec_t started_at;	    /* CLOCK_BOOTTIME */
	usec_t check_silence;	    /* config_check_silence() */
	struct status status;	    /* of the last tick */
	struct service services[CONFIG_SERVICES]; /* as they are configured */
	size_t service_count;
	struct observed observed; /* its services are made for each page */
};

struct telemetry *
telemetry_new(struct clock *clock, struct recorder *recorder)
{
	struct telemetry *telemetry = memory_new(sizeof(*telemetry));

	telemetry->clock = clock;
	telemetry->recorder = recorder;
	telemetry->started_at = clock_boottime(clock);
	figure_clear(telemetry->observed.figures);
	return telemetry;
}

void
telemetry_free(struct telemetry *telemetry)
{
	if (telemetry == NULL)
		return;
	observed_close(telemetry->page);
	free(telemetry);
}

void
telemetry_open(struct telemetry *telemetry, const char *path)
{
	struct error err;

	telemetry->page = observed_create(path, &err);
	if (telemetry->page == NULL)
		diag(DIAG_ERROR, "%s; health knows of nothing observed",
		    err.sentence);
}

/* --- services ------------------------------------------------------------- */

static struct service *
find(struct telemetry *telemetry, struct slice name)
{
	for (size_t i = 0; i < telemetry->service_count; i++)
		if (slice_is(name, telemetry->services[i].seen.name))
			return telemetry->services + i;
	return NULL;
}

/* Who tells of it is the daemon itself: of its log and its databases. */
static bool
is_own(const struct service *service)
{
	return strcmp(service->seen.name, "audit") == 0 ||
	       strcmp(service->seen.name, "state") == 0;
}

static bool
is_observers(const struct service *service)
{
	return service->kind != CONFIG_SERVICE_UNCHECKED &&
	       service->kind != CONFIG_SERVICE_HEARTBEAT && !is_own(service);
}

static struct history_writer_span
span_of(const struct observed_service *seen, usec_t until)
{
	struct history_writer_span span = {
		.status = seen->status,
		.since = seen->since,
		.until = until < seen->since ? seen->since : until,
	};

	memcpy(span.service, seen->name, sizeof(span.service));
	memcpy(span.details, seen->details, sizeof(span.details));
	return span;
}

/* From `at` (CLOCK_REALTIME) on it is so. */
static void
set_status(struct telemetry *telemetry, struct observed_service *seen,
    enum observed_status status, usec_t at)
{
	if (seen->status == status)
		return;
	if (seen->status != OBSERVED_UNKNOWN) {
		struct history_writer_span span = span_of(seen, at);

		recorder_end_span(telemetry->recorder, &span);
	}
	seen->status = status;
	seen->since = at;
	telemetry->write_due = 0;
}

/* What is said of it now. `details` may change while the status does not. */
static void
set_seen(struct telemetry *telemetry, struct observed_service *seen,
    enum observed_status status, const char *details)
{
	usec_t now = clock_realtime(telemetry->clock);

	set_status(telemetry, seen, status, now);
	seen->checked_at = now;
	seen->reported_at = clock_boottime(telemetry->clock);
	snprintf(seen->details, sizeof(seen->details), "%s", details);
}

/* --- the page ------------------------------------------------------------- */

static void
gather_services(struct telemetry *telemetry)
{
	struct observed *observed = &telemetry->observed;

	observed->service_count = 0;
	for (size_t i = 0; i < telemetry->service_count; i++) {
		const struct service *service = telemetry->services + i;

		if (service->kind != CONFIG_SERVICE_UNCHECKED ||
		    is_own(service))
			observed->services[observed->service_count++] =
			    service->seen;
	}
}

static void
write_page(struct telemetry *telemetry)
{
	usec_t now = clock_boottime(telemetry->clock);
	struct error err;
	int result;

	if (telemetry->page == NULL)
		return;
	gather_services(telemetry);
	result = observed_write(telemetry->page, &telemetry->observed, &err);
	if (result == -1 && !telemetry->has_failed)
		diag(DIAG_ERROR, "%s", err.sentence);
	telemetry->has_failed = result == -1;
	telemetry->write_due = now + WRITE_EVERY;
}

/* --- what is configured --------------------------------------------------- */

/* What is known of those that stay, stays. */
static void
keep_known(struct service *service, const struct service *old, size_t old_count)
{
	for (size_t i = 0; i < old_count; i++)
		if (strcmp(old[i].seen.name, service->seen.name) == 0 &&
		    old[i].kind == service->kind) {
			service->seen = old[i].seen;
			service->added_at = old[i].added_at;
			service->heard_at = old[i].heard_at;
		}
}

/* Each is checked once in an interval, and a check may take its time-out. */
static usec_t
find_patience(const struct config *config, const struct config_service *service)
{
	usec_t longest = 0;

	if (service->parents == 0)
		return 0;
	for (size_t i = 0; i < config->service_count; i++)
		if ((service->parents >> i & 1) != 0 &&
		    config->services[i].timeout > longest)
			longest = config->services[i].timeout;
	return config->check_interval + longest;
}

void
telemetry_configure(struct telemetry *telemetry, const struct config *config)
{
	struct service old[CONFIG_SERVICES];
	size_t old_count = telemetry->service_count;

	telemetry->check_silence = config_check_silence(config);
	memcpy(old, telemetry->services, sizeof(old));
	memset(telemetry->services, 0, sizeof(telemetry->services));
	telemetry->service_count = config->service_count;
	for (size_t i = 0; i < config->service_count; i++) {
		const struct config_service *from = config->services + i;
		struct service *service = telemetry->services + i;

		service->kind = from->kind;
		service->parents = from->parents;
		service->patience = find_patience(config, from);
		if (from->user != NULL)
			snprintf(service->user, sizeof(service->user), "%s",
			    from->user);
		snprintf(service->seen.name, sizeof(service->seen.name), "%s",
		    from->name);
		service->seen.latency_ms = (double)NAN;
		/* From now on somebody has to tell of it. */
		service->added_at = clock_boottime(telemetry->clock);
		service->seen.reported_at = service->added_at;
		keep_known(service, old, old_count);
	}
	write_page(telemetry);
}

/* --- what is reported ----------------------------------------------------- */

static void
take_service(struct telemetry *telemetry,
    const struct observed_service *reported, usec_t boottime)
{
	struct service *service = find(telemetry, slice_of(reported->name));
	struct observed_service *seen;

	/* The observer may have read its configuration a moment before. */
	if (service == NULL || !is_observers(service))
		return;
	seen = &service->seen;
	set_status(telemetry, seen, reported->status,
	    clock_realtime(telemetry->clock));
	seen->latency_ms = reported->latency_ms;
	seen->checked_at = reported->checked_at;
	seen->reported_at = boottime;
	memcpy(seen->details, reported->details, sizeof(seen->details));
}

static void
take(struct telemetry *telemetry, const struct observed *reported)
{
	struct observed *observed = &telemetry->observed;
	usec_t boottime = clock_boottime(telemetry->clock);

	observed->observer_at = boottime;
	memcpy(observed->figures, reported->figures,
	    FIGURE_ACTIVE_AGENTS * sizeof(observed->figures[0]));
	memcpy(observed->routes, reported->routes, sizeof(observed->routes));
	observed->route_count = reported->route_count;
	memcpy(
	    observed->programs, reported->programs, sizeof(observed->programs));
	observed->program_count = reported->program_count;
	for (size_t i = 0; i < reported->service_count; i++)
		take_service(telemetry, reported->services + i, boottime);
	telemetry->write_due = 0;
}

void
telemetry_report_command(struct telemetry *telemetry, struct command_call *call)
{
	struct observed reported;
	struct error err;

	if (telemetry_report_read(call->reader, call->args, &reported, &err) ==
	    -1) {
		command_fail(call, &err);
		return;
	}
	take(telemetry, &reported);
	command_ok(call, (struct slice){ NULL, 0 });
}

const struct command_arg telemetry_heartbeat_args[] = {
	{ "service", COMMAND_STRING, "whose heartbeat it is" },
	{ "status", COMMAND_STRING, NULL },
	{ "details", COMMAND_STRING, NULL },
	{ NULL, COMMAND_STRING, NULL },
};

static bool
is_user(const struct service *service, const struct message_peer *peer)
{
	struct slice user = slice_of(service->user);
	uint64_t uid;

	if (number_parse_u64(user, 0, UINT32_MAX, &uid) == 0)
		return uid == peer->uid;
	return user.len > 0 && slice_equal(user, peer->user_name);
}

bool
telemetry_is_user(struct telemetry *telemetry, const char *name,
    const struct message_peer *peer)
{
	const struct service *service = find(telemetry, slice_of(name));

	return service != NULL && is_user(service, peer);
}

static int
find_heartbeat(struct telemetry *telemetry, const struct command_call *call,
    struct slice name, struct service **ret, struct error *err)
{
	struct service *service = find(telemetry, name);

	if (service == NULL || service->kind != CONFIG_SERVICE_HEARTBEAT)
		return error_set_field(err, ERROR_NOT_FOUND, "service",
		    "no service of this name sends heartbeats");
	if ((call->peer.classes & MESSAGE_OWNER) == 0 &&
	    !is_user(service, &call->peer))
		return error_set_field(err, ERROR_NOT_ALLOWED, "service",
		    "the heartbeat of %s is not yours to send",
		    service->seen.name);
	*ret = service;
	return 0;
}

static void
hear(struct telemetry *telemetry, struct service *service,
    enum observed_status status, const char *details)
{
	set_seen(telemetry, &service->seen, status, details);
	service->heard_at = clock_boottime(telemetry->clock);
	telemetry->write_due = 0; /* readers know how old it is, too */
}

void
telemetry_beat(struct telemetry *telemetry, const char *name,
    enum observed_status status, const char *details)
{
	struct service *service = find(telemetry, slice_of(name));

	if (service != NULL && service->kind == CONFIG_SERVICE_HEARTBEAT)
		hear(telemetry, service, status, details);
}

static int
beat(struct telemetry *telemetry, const struct command_call *call,
    struct error *err)
{
	char details[OBSERVED_DETAILS_BYTES + 1];
	struct slice status = command_text(call, "status");
	enum observed_status health = OBSERVED_HEALTHY;
	struct service *service = NULL;

	if (find_heartbeat(telemetry, call, command_text(call, "service"),
		&service, err) == -1)
		return -1;
	if (status.data != NULL &&
	    (observed_status_parse(status, &health, err) == -1 ||
		health == OBSERVED_UNKNOWN))
		return error_set_field(err, ERROR_OUT_OF_RANGE, "status",
		    "a status is healthy, degraded or unhealthy");
	telemetry_report_details(command_text(call, "details"), details);
	hear(telemetry, service, health, details);
	return 0;
}

void
telemetry_heartbeat_command(
    struct telemetry *telemetry, struct command_call *call)
{
	struct error err;

	if (beat(telemetry, call, &err) == -1)
		command_fail(call, &err);
	else
		command_ok(call, (struct slice){ NULL, 0 });
}

/* --- once a second -------------------------------------------------------- */

static const char *
own_details(const struct status *status, enum observed_status health)
{
	return health == OBSERVED_HEALTHY ? "" : status->reason;
}

static void
judge_own(struct telemetry *telemetry, struct service *service)
{
	const struct status *status = &telemetry->status;
	enum observed_status health =
	    strcmp(service->seen.name, "audit") == 0
		? observed_audit(status)
		: observed_state(status, clock_boottime(telemetry->clock));

	set_seen(
	    telemetry, &service->seen, health, own_details(status, health));
}

static void
judge_heartbeat(struct telemetry *telemetry, struct service *service)
{
	char details[OBSERVED_DETAILS_BYTES + 1] = "no heartbeat yet";
	struct observed_service *seen = &service->seen;
	usec_t now = clock_boottime(telemetry->clock);
	usec_t since =
	    service->heard_at != 0 ? service->heard_at : service->added_at;
	usec_t checked_at = seen->checked_at;

	if (now - since <= telemetry->check_silence)
		return;
	if (service->heard_at != 0)
		snprintf(details, sizeof(details), "no heartbeat for %d s",
		    (int)(telemetry->check_silence / USEC_PER_SEC));
	set_seen(telemetry, seen, OBSERVED_UNHEALTHY, details);
	seen->checked_at = checked_at;
}

/* What nobody checks any more is not known, from the last check on. */
static void
judge_observed(struct telemetry *telemetry, struct service *service)
{
	struct observed_service *seen = &service->seen;
	usec_t now = clock_boottime(telemetry->clock);

	if (seen->reported_at == 0 || observed_is_recent(seen->reported_at, now,
					  telemetry->check_silence))
		return;
	set_status(telemetry, seen, OBSERVED_UNKNOWN,
	    clock_realtime(telemetry->clock) - (now - seen->reported_at));
	seen->reported_at = 0;
}

static void
judge(struct telemetry *telemetry)
{
	for (size_t i = 0; i < telemetry->service_count; i++) {
		struct service *service = telemetry->services + i;

		if (is_own(service))
			judge_own(telemetry, service);
		else if (service->kind == CONFIG_SERVICE_HEARTBEAT)
			judge_heartbeat(telemetry, service);
		else
			judge_observed(telemetry, service);
	}
}

usec_t
telemetry_silence(const struct telemetry *telemetry)
{
	usec_t now = clock_boottime(telemetry->clock);
	usec_t last = telemetry->observed.observer_at != 0
			  ? telemetry->observed.observer_at
			  : telemetry->started_at;

	return now - last <= OBSERVED_SILENCE_MAX ? 0 : now - last;
}

/* Those that are the daemon's; of the observer's none outlives it. */
static void
gather_figures(struct telemetry *telemetry)
{
	double *figures = telemetry->observed.figures;

	if (telemetry_silence(telemetry) != 0)
		for (int i = 0; i < FIGURE_ACTIVE_AGENTS; i++)
			figures[i] = (double)NAN;
	recorder_read(telemetry->recorder, figures);
	observed_fill(
	    figures, &telemetry->status, clock_boottime(telemetry->clock));
}

static void
hand_on(struct telemetry *telemetry, const struct state_removed *removed)
{
	struct recorder_input input = { .removed = *removed };
	usec_t now = clock_realtime(telemetry->clock);

	memcpy(
	    input.figures, telemetry->observed.figures, sizeof(input.figures));
	for (size_t i = 0; i < telemetry->service_count; i++) {
		const struct observed_service *seen =
		    &telemetry->services[i].seen;

		if (seen->status != OBSERVED_UNKNOWN)
			input.spans[input.span_count++] = span_of(seen, now);
	}
	recorder_put(telemetry->recorder, &input);
}

void
telemetry_tick(struct telemetry *telemetry, const struct status *status,
    const struct state_removed *removed)
{
	telemetry->status = *status;
	judge(telemetry);
	gather_figures(telemetry);
	if (clock_boottime(telemetry->clock) >= telemetry->write_due)
		write_page(telemetry);
	hand_on(telemetry, removed);
}

void
telemetry_read(struct telemetry *telemetry, double figures[static FIGURE_COUNT],
    struct alert_service ret_services[static OBSERVED_SERVICES],
    size_t *ret_count)
{
	memcpy(figures, telemetry->observed.figures,
	    sizeof(telemetry->observed.figures));
	for (size_t i = 0; i < telemetry->service_count; i++) {
		const struct service *service = telemetry->services + i;

		ret_services[i] = (struct alert_service){
			.name = service->seen.name,
			.status = service->seen.status,
			.details = service->seen.details,
			.depends_on = service->parents,
			.patience = service->patience,
			.has_other_rule = is_own(service),
		};
	}
	*ret_count = telemetry->service_count;
}
