#include "collectors/kruxosd/alerts_internal.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "base/number.h"

#define SILENCE_DURATION     USEC_PER_HOUR
#define SILENCE_DURATION_MAX (30 * USEC_PER_DAY)

const struct command_arg alerts_acknowledge_args[] = {
	{ "id", COMMAND_STRING, "which alert" },
	{ "note", COMMAND_STRING, NULL },
	{ 0 },
};

const struct command_arg silences_add_args[] = {
	{ "matchers", COMMAND_STRINGS, "what is to be silenced: name=value" },
	{ "reason", COMMAND_STRING, "why" },
	{ "duration", COMMAND_STRING, NULL },
	{ "until", COMMAND_STRING, NULL },
	{ 0 },
};

const struct command_arg silences_remove_args[] = {
	{ "id", COMMAND_STRING, "which silence" },
	{ 0 },
};

/* A command whose entry is on its way; done when that is durable. */
struct request {
	struct alerts *alerts;
	struct command_call *call;
	uint64_t id;
	struct silence silence;
	struct arena arena;
};

static int
id_of(const struct command_call *call, uint64_t *ret, struct error *err)
{
	if (number_parse_u64(command_text(call, "id"), 1, INT64_MAX, ret) == 0)
		return 0;
	return error_set_field(
	    err, ERROR_OUT_OF_RANGE, "id", "id: a number, as it is listed");
}

static int
check_length(struct slice text, const char *key, size_t max, struct error *err)
{
	if (text.len <= max)
		return 0;
	return error_set_field(err, ERROR_TOO_LONG, key,
	    "%s has %zu bytes, more than %zu", key, text.len, max);
}

static void
free_request(struct request *request)
{
	arena_free(&request->arena);
	free(request);
}

static struct request *
new_request(struct alerts *alerts, struct command_call *call)
{
	struct request *request = memory_new(sizeof(*request));

	request->alerts = alerts;
	request->call = call;
	return request;
}

/* The entry of the user who asks; `on_commit` hears when it is durable. */
static void
log_request(struct request *request, const char *capability,
    const struct buf *text,
    void (*on_commit)(void *, uint64_t, uint64_t, const struct error *))
{
	struct command_call *call = request->call;
	struct commit_waiter waiter = { on_commit, request, 0 };
	struct entry entry = command_entry(call);
	struct error err;

	entry.capability = slice_of(capability);
	if (commit_add_json(request->alerts->commit, &entry, NULL,
		buf_slice(text), &waiter, NULL, &err) == 0)
		return;
	command_fail(call, &err);
	free_request(request);
}

static void
answer(
    struct request *request, uint64_t id, int result, const struct error *err)
{
	cleanup(buf_free) struct buf text = BUF_INIT;

	if (result == -1) {
		command_fail(request->call, err);
	} else {
		buf_addf(&text, "{\"id\":%llu}", (unsigned long long)id);
		command_ok(request->call, buf_slice(&text));
	}
	free_request(request);
}

static void
on_acknowledged(
    void *context, uint64_t tag, uint64_t seq, const struct error *err)
{
	struct request *request = context;
	struct alerts *alerts = request->alerts;
	struct error why;
	int result;

	(void)tag;
	(void)seq;
	if (err != NULL) {
		answer(request, 0, -1, err);
		return;
	}
	result = alert_engine_acknowledge(alerts->engine, request->id,
	    request->silence.author, request->silence.reason,
	    alerts_time(alerts), &why);
	alerts_record(alerts);
	answer(request, request->id, result, &why);
}

static int
find_firing(const struct alerts *alerts, uint64_t id, const struct alert **ret,
    struct error *err)
{
	*ret = alert_engine_find(alerts->engine, id);
	if (*ret != NULL && (*ret)->state == ALERT_FIRING)
		return 0;
	return error_set(err, ERROR_NOT_FOUND, "no alert %llu is firing",
	    (unsigned long long)id);
}

void
alerts_acknowledge_command(struct alerts *alerts, struct command_call *call)
{
	cleanup(buf_free) struct buf text = BUF_INIT;
	struct slice note = command_text(call, "note");
	struct request *request;
	const struct alert *alert;
	struct json_writer json;
	struct error err;
	uint64_t id;

	if (id_of(call, &id, &err) == -1 ||
	    check_length(note, "note", ALERT_NOTE_BYTES, &err) == -1 ||
	    find_firing(alerts, id, &alert, &err) == -1) {
		command_fail(call, &err);
		return;
	}
	request = new_request(alerts, call);
	request->id = id;
	request->silence.author =
	    arena_slice(&request->arena, call->peer.user_name);
	if (note.len > 0)
		request->silence.reason = arena_slice(&request->arena, note);
	json_writer_init(&json, &text);
	json_writer_object(&json);
	json_writer_pair_u64(&json, "id", id);
	alerts_write_fingerprint(&json, alert->fingerprint);
	if (note.len > 0)
		json_writer_pair_slice(&json, "note", note);
	json_writer_end_object(&json);
	log_request(request, "alerts.acknowledge", &text, on_acknowledged);
}

/* --- what agents do ------------------------------------------------------- */

const struct alert *
alerts_find_sent(const struct alerts *alerts, uint64_t seq)
{
	const struct alert *alert;

	for (size_t i = 0; (alert = alert_engine_at(alerts->engine, i)) != NULL;
	     i++)
		if (alert->seq == seq)
			return alert;
	return NULL;
}

/* Of the alerts of others an agent learns nothing. */
int
alerts_check_own(const struct alerts *alerts, uint64_t id, struct slice agent,
    struct error *err)
{
	const struct alert *alert = alert_engine_find(alerts->engine, id);

	if (alert == NULL || alert->state != ALERT_FIRING ||
	    alert->rule.data != NULL || !slice_equal(alert->agent_name, agent))
		return error_set_field(err, ERROR_NOT_FOUND, "id",
		    "no alert %llu of yours is firing", (unsigned long long)id);
	if (alert->severity == RULE_INFO)
		return 0;
	return error_set_field(err, ERROR_NOT_ALLOWED, "id",
	    "alert %llu is more than info: a person acknowledges it",
	    (unsigned long long)id);
}

/* A user may be called as the agent is. */
int
alerts_acknowledge_own(struct alerts *alerts, uint64_t id, struct slice agent,
    struct slice note, struct error *err)
{
	cleanup(buf_free) struct buf author = BUF_INIT;
	int result;

	buf_addf(&author, "agent:%.*s", SLICE_ARG(agent));
	if (note.len == 0)
		note = (struct slice){ NULL, 0 };
	result = alert_engine_acknowledge(alerts->engine, id,
	    buf_slice(&author), note, alerts_time(alerts), err);
	alerts_record(alerts);
	return result;
}

/* --- silences ------------------------------------------------------------- */

static void
on_silence_logged(
    void *context, uint64_t tag, uint64_t seq, const struct error *err)
{
	struct request *request = context;
	struct alerts *alerts = request->alerts;
	const struct silence *silence = NULL;
	struct error why;

	(void)tag;
	(void)seq;
	if (err != NULL) {
		answer(request, 0, -1, err);
		return;
	}
	silence = alert_silences_add(alerts->silences, &request->silence, &why);
	if (silence == NULL ||
	    alerts_store_silence(alerts, silence, &why) == -1) {
		if (silence != NULL)
			alert_silences_remove(alerts->silences, silence->id);
		answer(request, 0, -1, &why);
		return;
	}
	alerts_note_silence(alerts, silence, ALERT_SILENCE, silence->author);
	alerts_record(alerts);
	answer(request, silence->id, 0, NULL);
}

static int
read_matchers(
    const struct command_call *call, struct request *request, struct error *err)
{
	const struct json_node *list = command_argument(call, "matchers");
	const struct json_node *item = json_reader_first(call->reader, list);

	if (item == NULL)
		return error_set_field(err, ERROR_MISSING_FIELD, "matchers",
		    "matchers: a silence of everything is none");
	for (; item != NULL; item = json_reader_next(call->reader, list, item))
		if (silence_add(&request->silence,
			arena_slice(&request->arena, item->text), err) == -1)
			return -1;
	return 0;
}

static int
read_times(const struct command_call *call, struct silence *silence, usec_t now,
    struct error *err)
{
	struct slice text = command_text(call, "duration");
	struct slice until = command_text(call, "until");
	usec_t duration = SILENCE_DURATION;

	if (text.data != NULL &&
	    clock_parse_duration(text, &duration, err) == -1)
		return -1;
	if (duration == 0 || duration > SILENCE_DURATION_MAX)
		return error_set_field(err, ERROR_OUT_OF_RANGE, "duration",
		    "duration: up to 30 days");
	if (until.data != NULL && !slice_is(until, "resolved"))
		return error_set_field(err, ERROR_OUT_OF_RANGE, "until",
		    "until: \"resolved\" or nothing");
	silence->until_resolved = until.data != NULL;
	silence->created_at = now;
	silence->ends_at = now + duration;
	return 0;
}

/* What is critical may only be silenced by the owner, and by an operator who is
 * signed in at a browser: a token lies in files. */
static int
check_rights(const struct command_call *call, const struct silence *silence,
    struct error *err)
{
	const unsigned classes = call->peer.classes;

	if ((classes & MESSAGE_OWNER) != 0 ||
	    ((classes & MESSAGE_ACTOR) != 0 &&
		(classes & MESSAGE_SESSION) != 0) ||
	    !silence_may_be_critical(silence))
		return 0;
	return error_set_field(err, ERROR_NOT_ALLOWED, "matchers",
	    "a silence that could mean critical alerts is not yours to add: "
	    "give a severity");
}

static int
read_silence(
    const struct command_call *call, struct request *request, struct error *err)
{
	struct silence *silence = &request->silence;
	struct slice reason = command_text(call, "reason");

	silence->author = arena_slice(&request->arena, call->peer.user_name);
	silence->reason = arena_slice(&request->arena, reason);
	if (reason.len == 0)
		return error_set_field(err, ERROR_MISSING_FIELD, "reason",
		    "reason: why it is silenced");
	if (check_length(reason, "reason", SILENCE_REASON_BYTES, err) == -1 ||
	    read_matchers(call, request, err) == -1 ||
	    read_times(call, silence, clock_realtime(request->alerts->clock),
		err) == -1)
		return -1;
	return check_rights(call, silence, err);
}

void
silences_add_command(struct alerts *alerts, struct command_call *call)
{
	cleanup(buf_free) struct buf text = BUF_INIT;
	struct request *request = new_request(alerts, call);
	struct error err;

	if (read_silence(call, request, &err) == -1) {
		answer(request, 0, -1, &err);
		return;
	}
	alerts_write_silence(&text, &request->silence);
	log_request(request, "alerts.silence", &text, on_silence_logged);
}

static void
on_removal_logged(
    void *context, uint64_t tag, uint64_t seq, const struct error *err)
{
	struct request *request = context;
	struct alerts *alerts = request->alerts;
	const struct silence *silence;
	struct error full;

	(void)tag;
	(void)seq;
	silence = alert_silences_find(alerts->silences, request->id);
	if (err == NULL && silence != NULL &&
	    alerts_end_silence(alerts, silence, request->silence.author) ==
		-1) {
		error_set(&full, ERROR_BUSY,
		    "its end cannot be recorded now; it stays");
		err = &full;
	}
	alerts_record(alerts);
	answer(request, request->id, err == NULL ? 0 : -1, err);
}

void
silences_remove_command(struct alerts *alerts, struct command_call *call)
{
	cleanup(buf_free) struct buf text = BUF_INIT;
	const struct silence *silence = NULL;
	struct request *request;
	struct error err;
	uint64_t id;

	if (id_of(call, &id, &err) == -1) {
		command_fail(call, &err);
		return;
	}
	silence = alert_silences_find(alerts->silences, id);
	if (silence == NULL) {
		error_set(&err, ERROR_NOT_FOUND, "there is no silence %llu",
		    (unsigned long long)id);
		command_fail(call, &err);
		return;
	}
	request = new_request(alerts, call);
	request->id = id;
	request->silence.author =
	    arena_slice(&request->arena, call->peer.user_name);
	alerts_write_silence(&text, silence);
	log_request(request, "alerts.unsilence", &text, on_removal_logged);
}
