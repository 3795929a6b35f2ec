/* alerts.fcgi: what is wrong, what is silenced, and who is told.
 *
 *	/api/alerts			what is wrong now, worst first
 *	/api/alerts/<id>		one of them, with its history
 *	/api/alerts/<id>/acknowledge	POST: somebody knows of it
 *	/api/notices			the channels, and how they go
 *	/api/silences			what is silenced; POST: one more
 *	/api/silences/<id>/end		POST: before its time
 *	/api/silences/preview		what one would have muted in the
 *					last day
 */
#include "fcgi/alert_changes.h"
#include "fcgi/program.h"

#include "config/config.h"
#include "http/params.h"
#include "http/reply.h"
#include "store/alerts.h"
#include "store/outbox.h"

/* What is resolved is listed for so long, unless `last` says otherwise. */
#define LAST_DEFAULT USEC_PER_DAY
#define LAST_MAX     (90 * USEC_PER_DAY)
#define PREVIEW	     USEC_PER_DAY

static struct alerts_reader *reader;
static struct outbox *outbox;

/* --- what is asked -------------------------------------------------------- */

enum wanted {
	WANTED_ACTIVE, /* pending or firing: by default */
	WANTED_PENDING,
	WANTED_FIRING,
	WANTED_ACKNOWLEDGED,
	WANTED_SILENCED,
	WANTED_RESOLVED,
	WANTED_ALL,
};

static const char *const wanted_names[] = { "active", "pending", "firing",
	"acknowledged", "silenced", "resolved", "all", NULL };

struct question {
	int state; /* enum wanted */
	struct param_list severities;
	usec_t last;
};

static const struct param alerts_params[] = {
	PARAM_CHOICE(struct question, state, "state", wanted_names),
	PARAM_CHOICES(struct question, severities, "severity", rule_severities),
	PARAM_DURATION(struct question, last, "last", USEC_PER_SEC, LAST_MAX),
	PARAM_END,
};

static bool
is_severity(const struct question *question, enum rule_severity severity)
{
	bool has_positive = false, is_named = false;

	for (size_t i = 0; i < question->severities.count; i++) {
		const struct param_value *value =
		    question->severities.values + i;

		if (value->negated && value->choice == (int)severity)
			return false;
		has_positive |= !value->negated;
		is_named |= !value->negated && value->choice == (int)severity;
	}
	return !has_positive || is_named;
}

static bool
is_wanted(const struct question *question, const struct alert *alert,
    const struct silence *silence)
{
	bool is_active = alert->state != ALERT_RESOLVED;

	if (!is_severity(question, alert->severity))
		return false;
	switch ((enum wanted)question->state) {
	case WANTED_ACTIVE:
		return is_active;
	case WANTED_PENDING:
		return alert->state == ALERT_PENDING;
	case WANTED_FIRING:
		return alert->state == ALERT_FIRING;
	case WANTED_ACKNOWLEDGED:
		return is_active && alert->acknowledged_by.data != NULL;
	case WANTED_SILENCED:
		return is_active && silence != NULL;
	case WANTED_RESOLVED:
		return !is_active;
	case WANTED_ALL:
		break;
	}
	return true;
}

static const struct silence *
find_silence(const struct silence_list *silences, const struct alert *alert)
{
	for (size_t i = 0; i < silences->count; i++)
		if (silence_matches(silences->silences + i, alert))
			return silences->silences + i;
	return NULL;
}

/* --- what is answered ----------------------------------------------------- */

static void
write_number(struct json_writer *json, const char *key, uint64_t number)
{
	json_writer_key(json, key);
	if (number != 0)
		json_writer_u64(json, number);
	else
		json_writer_null(json);
}

static void
write_context(struct json_writer *json, struct slice context)
{
	json_writer_key(json, "context");
	if (context.data != NULL)
		json_writer_raw(json, context);
	else
		json_writer_null(json);
}

/* All but the closing brace. */
static void
write_alert(struct json_writer *json, const struct alert *alert,
    const struct silence *silence)
{
	char fingerprint[ALERT_FINGERPRINT_SIZE];

	snprintf(fingerprint, sizeof(fingerprint), "%016llx",
	    (unsigned long long)alert->fingerprint);
	json_writer_object(json);
	json_writer_pair_u64(json, "id", alert->id);
	json_writer_pair(json, "fingerprint", fingerprint);
	json_writer_pair(json, "severity", rule_severities[alert->severity]);
	json_writer_pair_slice(json, "title", alert->title);
	json_writer_pair_slice(json, "message", alert->message);
	json_writer_pair_slice(json, "source", alert_source(alert));
	json_writer_pair_slice(json, "rule", alert->rule);
	json_writer_pair_slice(json, "service", alert->service);
	json_writer_pair_slice(json, "agent_name", alert->agent_name);
	json_writer_pair(json, "state", alert_state_name(alert->state));
	json_writer_pair_u64(json, "count", alert->count);
	json_writer_pair_time(json, "first_seen", alert->first_seen);
	json_writer_pair_time(json, "last_seen", alert->last_seen);
	json_writer_pair_time_or_null(json, "resolved_at",
	    alert->state == ALERT_RESOLVED ? alert->resolved_at : 0);
	json_writer_pair_slice(json, "acknowledged_by", alert->acknowledged_by);
	json_writer_pair_time_or_null(
	    json, "acknowledged_at", alert->acknowledged_at);
	json_writer_pair_slice(json, "note", alert->note);
	write_number(json, "silenced_by", silence == NULL ? 0 : silence->id);
	write_number(json, "seq", alert->seq);
	write_context(json, alert->context);
}

/* `list`, as far as it is wanted and, where `only` is given, meant by it. */
static void
write_alerts(struct json_writer *json, const struct alert_list *list,
    const struct question *question, const struct silence_list *silences,
    const struct silence *only)
{
	json_writer_key(json, "alerts");
	json_writer_array(json);
	for (size_t i = 0; i < list->count; i++) {
		const struct alert *alert = list->alerts + i;
		const struct silence *silence = find_silence(silences, alert);

		if (!is_wanted(question, alert, silence) ||
		    (only != NULL && !silence_matches(only, alert)))
			continue;
		write_alert(json, alert, silence);
		json_writer_end_object(json);
	}
	json_writer_end_array(json);
}

/* Without the database nothing is known: no list is an empty one. */
static int
read_both(struct request *req, usec_t since, struct alert_list *alerts,
    struct silence_list *silences, struct error *err)
{
	usec_t now = clock_realtime(&clock_system);

	if (alerts_list(reader, since, req->arena, alerts, err) == -1)
		return -1;
	return alerts_silences(reader, now, req->arena, silences, err);
}

/* GET /api/alerts: what is wrong now, worst first. */
static int
alerts_get(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	struct question question = { .state = WANTED_ACTIVE };
	struct alert_list alerts = { NULL, 0 };
	struct silence_list silences = { NULL, 0 };
	usec_t now = clock_realtime(&clock_system), since = 0;

	(void)prog;
	if (params_read(req, &question, err) == -1)
		return 400;
	if (question.last != 0)
		since = now - question.last;
	else if (question.state >= WANTED_RESOLVED)
		since = now - LAST_DEFAULT;
	if (read_both(req, since, &alerts, &silences, err) == -1)
		return 503;
	json_writer_object(rep->json);
	write_alerts(rep->json, &alerts, &question, &silences, NULL);
	json_writer_pair_u64(rep->json, "silences", silences.count);
	json_writer_pair_time_or_null(rep->json, "oldest_silence",
	    silences.count == 0 ? 0 : silences.silences[0].created_at);
	json_writer_pair_time(rep->json, "generated_at", now);
	json_writer_end_object(rep->json);
	return 200;
}

static void
write_history(struct json_writer *json, const struct alert_history *history)
{
	json_writer_key(json, "history");
	json_writer_array(json);
	for (size_t i = 0; i < history->count; i++) {
		const struct alert_moment *moment = history->moments + i;

		json_writer_object(json);
		json_writer_pair_time(json, "at", moment->at);
		json_writer_pair(
		    json, "event", alert_event_name(moment->event));
		json_writer_pair_slice(json, "user_name", moment->user_name);
		json_writer_pair_slice(json, "note", moment->note);
		json_writer_end_object(json);
	}
	json_writer_end_array(json);
}

/* GET /api/alerts/<id>: one, with its history. */
static int
alert_get(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	usec_t now = clock_realtime(&clock_system);
	struct silence_list silences;
	struct alert_history history;
	struct alert alert;

	(void)prog;
	if (alerts_find(reader, req->number, req->arena, &alert, err) == -1)
		return err->code == ERROR_NOT_FOUND ? 404 : 503;
	if (alerts_history(reader, req->number, req->arena, &history, err) ==
		-1 ||
	    alerts_silences(reader, now, req->arena, &silences, err) == -1)
		return 503;
	write_alert(rep->json, &alert, find_silence(&silences, &alert));
	write_history(rep->json, &history);
	json_writer_end_object(rep->json);
	return 200;
}

/* --- silences ------------------------------------------------------------- */

static void
write_silence(struct json_writer *json, const struct silence *silence)
{
	json_writer_object(json);
	json_writer_pair_u64(json, "id", silence->id);
	json_writer_key(json, "matchers");
	json_writer_object(json);
	for (size_t i = 0; i < silence->matcher_count; i++)
		json_writer_pair_slice(json,
		    silence_field_name(silence->matchers[i].field),
		    silence->matchers[i].value);
	json_writer_end_object(json);
	json_writer_pair_slice(json, "author", silence->author);
	json_writer_pair_slice(json, "reason", silence->reason);
	json_writer_pair_time(json, "created_at", silence->created_at);
	json_writer_pair_time(json, "ends_at", silence->ends_at);
	json_writer_pair_bool(json, "until_resolved", silence->until_resolved);
	json_writer_end_object(json);
}

/* GET /api/silences: what is silenced, the oldest first. */
static int
silences_get(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	struct alert_list ignored = { NULL, 0 };
	struct silence_list silences = { NULL, 0 };

	(void)prog;
	if (read_both(req, CLOCK_MAX, &ignored, &silences, err) == -1)
		return 503;
	json_writer_object(rep->json);
	json_writer_key(rep->json, "silences");
	json_writer_array(rep->json);
	for (size_t i = 0; i < silences.count; i++)
		write_silence(rep->json, silences.silences + i);
	json_writer_end_array(rep->json);
	json_writer_end_object(rep->json);
	return 200;
}

struct preview {
	struct param_list matchers;
};

static const struct param preview_params[] = {
	{ "matcher", PARAM_TYPE_TEXT, PARAM_LIST,
	    PARAM_FIELD(struct preview, matchers, struct param_list), 1,
	    SILENCE_VALUE_BYTES + 32, NULL },
	PARAM_END,
};

static int
read_matchers(
    struct request *req, struct silence *ret_silence, struct error *err)
{
	struct preview preview = { 0 };

	if (params_read(req, &preview, err) == -1)
		return -1;
	if (preview.matchers.count == 0)
		return error_set_field(err, ERROR_MISSING_FIELD, "matcher",
		    "matcher: name=value, once or more");
	for (size_t i = 0; i < preview.matchers.count; i++)
		if (silence_add(ret_silence, preview.matchers.values[i].text,
			err) == -1)
			return error_set_field(err, err->code, "matcher",
			    "matcher: %s", err->sentence);
	return 0;
}

/* GET /api/silences/preview: what it would have muted in the last day. */
static int
preview_get(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	const struct question all = { .state = WANTED_ALL };
	struct alert_list alerts = { NULL, 0 };
	struct silence_list silences = { NULL, 0 };
	struct silence silence = { 0 };
	usec_t since = clock_realtime(&clock_system) - PREVIEW;

	(void)prog;
	if (read_matchers(req, &silence, err) == -1)
		return 400;
	if (read_both(req, since, &alerts, &silences, err) == -1)
		return 503;
	json_writer_object(rep->json);
	write_alerts(rep->json, &alerts, &all, &silences, &silence);
	json_writer_pair_time(rep->json, "from", since);
	json_writer_end_object(rep->json);
	return 200;
}

/* --- notices -------------------------------------------------------------- */

static void
write_severities(struct json_writer *json, unsigned severities)
{
	json_writer_key(json, "severity");
	json_writer_array(json);
	for (int i = 0; i < RULE_SEVERITIES; i++)
		if ((severities >> i & 1) != 0)
			json_writer_text(json, rule_severities[i]);
	json_writer_end_array(json);
}

/* Not the URL: many a webhook's is its password. */
static void
write_channel(struct json_writer *json, const struct config_notify *notify,
    const struct outbox_channel *channel)
{
	json_writer_object(json);
	json_writer_pair(json, "channel", notify->name);
	json_writer_pair(json, "kind", config_notify_kinds[notify->kind]);
	write_severities(json, notify->severities);
	json_writer_pair_u64(json, "waiting", channel->waiting);
	json_writer_pair_time_or_null(json, "oldest", channel->oldest);
	json_writer_pair_time_or_null(
	    json, "delivered_at", channel->delivered_at);
	json_writer_pair_time_or_null(
	    json, "failing_since", channel->failing_since);
	json_writer_pair_time_or_null(json, "failed_at", channel->failed_at);
	json_writer_pair_slice(json, "last_error", channel->last_error);
	json_writer_end_object(json);
}

/* Before the daemon has made the database, nothing has happened. */
static int
read_channel(struct request *req, const struct config_notify *notify,
    struct outbox_channel *channel, struct error *err)
{
	*channel = (struct outbox_channel){ 0 };
	if (outbox_channel(
		outbox, slice_of(notify->name), req->arena, channel, err) == 0)
		return 0;
	if (err->code != ERROR_UNREACHABLE)
		return -1;
	*err = (struct error){ 0 };
	return 0;
}

/* GET /api/notices: who is told of alerts, and how that goes. */
static int
notices_get(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	const struct config *config = prog->config;
	struct outbox_channel channels[CONFIG_NOTIFIES];

	for (size_t i = 0; i < config->notify_count; i++)
		if (read_channel(
			req, config->notifies + i, channels + i, err) == -1)
			return 503;
	json_writer_object(rep->json);
	json_writer_key(rep->json, "channels");
	json_writer_array(rep->json);
	for (size_t i = 0; i < config->notify_count; i++)
		write_channel(rep->json, config->notifies + i, channels + i);
	json_writer_end_array(rep->json);
	json_writer_end_object(rep->json);
	return 200;
}

static const struct route routes[] = {
	{ METHOD_GET, "/api/alerts", alerts_get, alerts_params, 0 },
	{ METHOD_GET, "/api/alerts/<number>", alert_get, NULL, 0 },
	{ METHOD_GET, "/api/notices", notices_get, NULL, 0 },
	{ METHOD_GET, "/api/silences", silences_get, NULL, 0 },
	{ METHOD_GET, "/api/silences/preview", preview_get, preview_params, 0 },
	{ METHOD_POST, "/api/alerts/<number>/acknowledge", acknowledge_post,
	    NULL, ROUTE_SLOW, acknowledge_body },
	{ METHOD_POST, "/api/silences", silence_post, NULL, ROUTE_SLOW,
	    silence_body },
	{ METHOD_POST, "/api/silences/<number>/end", silence_end_post, NULL,
	    ROUTE_SLOW },
	ROUTE_END,
};

static int
on_open(struct program *prog, struct error *err)
{
	(void)err;
	reader = alerts_open(prog->config->telemetry_file);
	outbox = outbox_open(prog->config->telemetry_file);
	return 0;
}

static void
on_close(struct program *prog)
{
	(void)prog;
	alerts_close(reader);
	outbox_close(outbox);
}

int
main(int argc, char **argv)
{
	static const struct program_settings settings = {
		.name = "alerts",
		.summary = "answers what is wrong, what is silenced, and who "
			   "is told",
		.routes = routes,
		.on_open = on_open,
		.on_close = on_close,
	};

	return program_main(argc, argv, &settings);
}
