#include "collectors/kruxosd/alerts.h"

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/json_writer.h"
#include "base/memory.h"
#include "base/number.h"
#include "collectors/kruxosd/alert_silences.h"
#include "collectors/kruxosd/alert_words.h"
#include "collectors/kruxosd/alert_writer.h"

#include <sys/queue.h>

enum {
	CHANGES = 4096, /* that wait to be recorded */
	REASON_BYTES = 1024,
};

/* Resolved alerts and their history are kept for so long. */
#define KEEP	    (90 * USEC_PER_DAY)
#define EXPIRE_EACH USEC_PER_HOUR

#define SILENCE_DURATION     USEC_PER_HOUR
#define SILENCE_DURATION_MAX (30 * USEC_PER_DAY)

/* What became of an alert or a silence, until the log and the database hold
 * it. */
struct change {
	uint64_t serial;
	uint64_t alert; /* 0: of a silence alone */
	uint64_t silence;
	enum alert_event event;
	usec_t at;
	struct buf user, note;
	struct buf summary, request; /* of its entry; empty: it has none */
	bool is_error;		     /* of that entry's status */
	bool is_stored, is_logged, is_in_log; /* in the batch; durable */
	TAILQ_ENTRY(change) of_queue;
};

TAILQ_HEAD(change_queue, change);

struct alerts {
	struct clock *clock;
	struct commit *commit;
	struct alert_engine *engine;
	alert_listener *listener; /* NULL: nobody else listens */
	void *listener_context;
	struct alert_silences *silences;
	struct alert_writer *writer; /* NULL: there is no database */
	struct database *database;
	bool is_loaded;
	bool has_failed; /* to store, and that was said */
	bool is_damaged; /* the database */
	struct json_reader reader;
	usec_t expire_due;

	struct change_queue queue;
	size_t change_count;
	uint64_t next_serial;
};

static struct alert_time
time_now(const struct alerts *alerts)
{
	return (struct alert_time){
		.realtime = clock_realtime(alerts->clock),
		.boottime = clock_boottime(alerts->clock),
	};
}

/* --- what is to be recorded ----------------------------------------------- */

static void
free_change(struct alerts *alerts, struct change *change)
{
	TAILQ_REMOVE(&alerts->queue, change, of_queue);
	alerts->change_count--;
	buf_free(&change->user);
	buf_free(&change->note);
	buf_free(&change->summary);
	buf_free(&change->request);
	free(change);
}

/* NULL: the queue is full, and that is said. */
static struct change *
add_change(struct alerts *alerts, enum alert_event event, usec_t at)
{
	struct change *change;

	if (alerts->change_count == CHANGES) {
		diag(DIAG_ERROR,
		    "alerts: what becomes of them cannot be recorded, and "
		    "there is no room for more of it");
		return NULL;
	}
	change = memory_new(sizeof(*change));
	change->serial = ++alerts->next_serial;
	change->event = event;
	change->at = at;
	change->user = (struct buf)BUF_INIT;
	change->note = (struct buf)BUF_INIT;
	change->summary = (struct buf)BUF_INIT;
	change->request = (struct buf)BUF_INIT;
	change->is_logged = change->is_in_log = true;
	TAILQ_INSERT_TAIL(&alerts->queue, change, of_queue);
	alerts->change_count++;
	return change;
}

static void
write_fingerprint(struct json_writer *json, uint64_t fingerprint)
{
	char text[ALERT_FINGERPRINT_SIZE];

	snprintf(
	    text, sizeof(text), "%016llx", (unsigned long long)fingerprint);
	json_writer_pair(json, "fingerprint", text);
}

/* Of an agent's alert not its words, which stand in its entry `seq`: there they
 * can be erased. */
static void
write_alert(struct buf *out, const struct alert *alert)
{
	struct json_writer json;

	json_writer_init(&json, out);
	json_writer_object(&json);
	json_writer_pair_u64(&json, "id", alert->id);
	write_fingerprint(&json, alert->fingerprint);
	json_writer_pair(&json, "severity", rule_severities[alert->severity]);
	if (alert->rule.data != NULL) {
		json_writer_pair_slice(&json, "rule", alert->rule);
		json_writer_pair_slice(&json, "title", alert->title);
		json_writer_pair_slice(&json, "message", alert->message);
	}
	if (alert->service.data != NULL)
		json_writer_pair_slice(&json, "service", alert->service);
	if (alert->agent_name.data != NULL)
		json_writer_pair_slice(&json, "agent_name", alert->agent_name);
	if (alert->seq != 0)
		json_writer_pair_u64(&json, "seq", alert->seq);
	json_writer_pair_u64(&json, "count", alert->count);
	json_writer_end_object(&json);
}

/* "Service down: wiki". An agent's words are its own entry's. */
static void
write_summary(struct buf *out, const struct alert *alert)
{
	struct slice about =
	    alert->service.data != NULL ? alert->service : alert->agent_name;

	if (alert->rule.data == NULL)
		buf_add_str(out, "an alert of an agent");
	else
		buf_add_slice(out, alert->title);
	if (about.data != NULL) {
		buf_add_str(out, ": ");
		buf_add_slice(out, about);
	}
}

/* What it is by then is stored with what waits already. */
static bool
is_to_be_stored(const struct alerts *alerts, uint64_t id)
{
	const struct change *change;

	TAILQ_FOREACH(change, &alerts->queue, of_queue)
		if (change->alert == id && !change->is_stored)
			return true;
	return false;
}

/* The engine's listener. */
static void
on_event(void *context, const struct alert *alert, enum alert_event event,
    usec_t realtime)
{
	struct alerts *alerts = context;
	struct change *change;

	if (alerts->listener != NULL)
		alerts->listener(
		    alerts->listener_context, alert, event, realtime);
	if (event == ALERT_REPEAT && is_to_be_stored(alerts, alert->id))
		return;
	change = add_change(alerts, event, realtime);
	if (change == NULL)
		return;
	change->alert = alert->id;
	if (event == ALERT_ACKNOWLEDGE) {
		buf_add_slice(&change->user, alert->acknowledged_by);
		buf_add_slice(&change->note, alert->note);
	}
	if (event != ALERT_FIRE && event != ALERT_RESOLVE)
		return;
	write_summary(&change->summary, alert);
	write_alert(&change->request, alert);
	change->is_error = event == ALERT_FIRE;
	change->is_logged = change->is_in_log = false;
}

/* --- into the log --------------------------------------------------------- */

static const char *const capabilities[ALERT_EVENTS] = {
	[ALERT_FIRE] = "alerts.fire",
	[ALERT_RESOLVE] = "alerts.resolve",
	[ALERT_ACKNOWLEDGE] = "alerts.acknowledge",
	[ALERT_SILENCE] = "alerts.silence",
	[ALERT_UNSILENCE] = "alerts.unsilence",
};

/* Refused, it is tried again. */
static void
on_logged(void *context, uint64_t tag, uint64_t seq, const struct error *err)
{
	struct alerts *alerts = context;
	struct change *change;

	(void)seq;
	TAILQ_FOREACH(change, &alerts->queue, of_queue)
		if (change->serial == tag) {
			change->is_logged = err == NULL;
			change->is_in_log = err == NULL;
			return;
		}
}

static void
log_changes(struct alerts *alerts)
{
	struct change *change;
	struct error refused;

	/* Nobody's entries count as refused for our asking. */
	if (commit_retry_due(alerts->commit) != 0)
		return;
	TAILQ_FOREACH(change, &alerts->queue, of_queue) {
		struct commit_waiter waiter = { on_logged, alerts,
			change->serial };

		if (change->is_logged)
			continue;
		if (commit_add_system(alerts->commit,
			capabilities[change->event],
			change->is_error ? ENTRY_ERROR : ENTRY_SUCCESS,
			change->summary.data, buf_slice(&change->request),
			&waiter, &refused) == -1)
			return;
		change->is_logged = true;
	}
}

/* --- into the database ---------------------------------------------------- */

static int
store_alert(
    struct alerts *alerts, const struct change *change, struct error *err)
{
	const struct alert *alert =
	    alert_engine_find(alerts->engine, change->alert);
	struct slice none = { NULL, 0 };
	struct slice user = buf_slice(&change->user);
	struct slice note = buf_slice(&change->note);

	if (alert == NULL && change->event == ALERT_DROP)
		return alert_writer_delete(alerts->writer, change->alert, err);
	if (alert != NULL &&
	    alert_writer_save(alerts->writer, alert, err) == -1)
		return -1;
	if (change->event == ALERT_BEGIN || change->event == ALERT_DROP ||
	    change->event == ALERT_REPEAT)
		return 0;
	return alert_writer_add_event(alerts->writer, change->alert,
	    change->event, change->at, user.len == 0 ? none : user,
	    note.len == 0 ? none : note, err);
}

static int
store_changes(struct alerts *alerts, struct error *err)
{
	struct change *change;
	struct error ignored;

	if (database_run(alerts->database, "BEGIN IMMEDIATE", err) == -1)
		return -1;
	TAILQ_FOREACH(change, &alerts->queue, of_queue)
		if (!change->is_stored && change->alert != 0 &&
		    store_alert(alerts, change, err) == -1)
			goto fail;
	if (database_run(alerts->database, "COMMIT", err) == -1)
		goto fail;
	TAILQ_FOREACH(change, &alerts->queue, of_queue)
		change->is_stored = true;
	return 0;
fail:
	(void)database_run(alerts->database, "ROLLBACK", &ignored);
	return -1;
}

static void
say_stored(struct alerts *alerts, int result, const struct error *err)
{
	if (result == -1 && !alerts->has_failed)
		diag(DIAG_ERROR,
		    "telemetry.db: %s; alerts are kept in memory until it "
		    "takes them",
		    err->sentence);
	alerts->has_failed = result == -1;
	alerts->is_damaged = result == -1 && err->code == ERROR_CORRUPT;
}

bool
alerts_are_damaged(const struct alerts *alerts)
{
	return alerts->is_damaged;
}

static bool
has_unstored(const struct alerts *alerts)
{
	const struct change *change;

	TAILQ_FOREACH(change, &alerts->queue, of_queue)
		if (!change->is_stored)
			return true;
	return false;
}

/* All that waits, as far as log and database take it. */
static void
record(struct alerts *alerts)
{
	struct change *change, *next;
	struct error err;

	log_changes(alerts);
	if (alerts->writer != NULL && has_unstored(alerts))
		say_stored(alerts, store_changes(alerts, &err), &err);
	for (change = TAILQ_FIRST(&alerts->queue); change != NULL;
	     change = next) {
		next = TAILQ_NEXT(change, of_queue);
		if (change->is_in_log && change->is_stored)
			free_change(alerts, change);
	}
}

/* --- making it ------------------------------------------------------------ */

struct alerts *
alerts_new(struct clock *clock, struct commit *commit)
{
	struct alerts *alerts = memory_new(sizeof(*alerts));

	alerts->clock = clock;
	alerts->commit = commit;
	alerts->engine = alert_engine_new(on_event, alerts);
	alerts->silences = alert_silences_new();
	alerts->reader = (struct json_reader)JSON_READER_INIT;
	TAILQ_INIT(&alerts->queue);
	return alerts;
}

void
alerts_free(struct alerts *alerts)
{
	struct change *change, *next;

	if (alerts == NULL)
		return;
	for (change = TAILQ_FIRST(&alerts->queue); change != NULL;
	     change = next) {
		next = TAILQ_NEXT(change, of_queue);
		free_change(alerts, change);
	}
	json_reader_free(&alerts->reader);
	alert_writer_free(alerts->writer);
	alert_silences_free(alerts->silences);
	alert_engine_free(alerts->engine);
	free(alerts);
}

void
alerts_configure(struct alerts *alerts, const struct config *config)
{
	alert_engine_configure(alerts->engine, config);
}

void
alerts_set_listener(
    struct alerts *alerts, alert_listener *listener, void *context)
{
	alerts->listener = listener;
	alerts->listener_context = context;
}

bool
alerts_is_silenced(const struct alerts *alerts, const struct alert *alert)
{
	return alert_silences_match(alerts->silences, alert) != NULL;
}

const struct alert *
alerts_at(const struct alerts *alerts, size_t place)
{
	return alert_engine_at(alerts->engine, place);
}

static void
on_alert(void *context, const struct alert *alert)
{
	struct alerts *alerts = context;

	alert_engine_restore(alerts->engine, alert, time_now(alerts));
}

static void
on_silence(void *context, const struct silence *silence)
{
	struct alerts *alerts = context;
	struct error ignored; /* no more are kept than are read */

	(void)alert_silences_add(alerts->silences, silence, &ignored);
}

/* Another database has taken the place of the one before: it may be empty. */
static int
save_all(struct alerts *alerts, struct error *err)
{
	const struct alert *alert;
	const struct silence *silence;

	for (size_t i = 0; (alert = alert_engine_at(alerts->engine, i)) != NULL;
	     i++)
		if (alert_writer_save(alerts->writer, alert, err) == -1)
			return -1;
	for (size_t i = 0;
	     (silence = alert_silences_at(alerts->silences, i)) != NULL; i++)
		if (alert_writer_save_silence(alerts->writer, silence, err) ==
		    -1)
			return -1;
	return 0;
}

static int
load(struct alerts *alerts, struct error *err)
{
	struct alert_writer_reader reader = { on_alert, on_silence, alerts, 0,
		0 };

	if (alerts->is_loaded)
		return save_all(alerts, err);
	if (alert_writer_load(alerts->writer, clock_realtime(alerts->clock),
		&reader, err) == -1)
		return -1;
	alert_engine_set_next_id(alerts->engine, reader.last_alert + 1);
	alert_silences_set_next_id(alerts->silences, reader.last_silence + 1);
	alerts->is_loaded = true;
	return 0;
}

int
alerts_set_database(
    struct alerts *alerts, struct database *database, struct error *err)
{
	alert_writer_free(alerts->writer);
	alerts->writer = NULL;
	alerts->database = database;
	alerts->is_damaged = false;
	if (database == NULL)
		return 0;
	alerts->writer = alert_writer_new(database, err);
	if (alerts->writer == NULL)
		return -1;
	return load(alerts, err);
}

/* --- what agents say ------------------------------------------------------ */

/* An import may tell of what happened so long ago that it would have resolved
 * by now. */
static bool
is_over(const struct entry *entry, struct alert_time now, usec_t quiet)
{
	return entry->time < now.realtime && now.realtime - entry->time > quiet;
}

static void
read_line(struct alerts *alerts, struct slice line, struct alert_time now)
{
	struct alert_words words;
	struct entry entry;
	struct error err;

	if (entry_parse(line, &entry, &err) == -1 || entry.actor != ENTRY_AGENT)
		return;
	if (slice_is(entry.capability, "rate_limit.hit")) {
		if (!is_over(&entry, now, ALERT_QUIET_RATE_LIMIT))
			alert_engine_rate_limit(
			    alerts->engine, entry.actor_name, now);
	} else if (slice_is(entry.capability, "alerts.send") &&
		   !is_over(&entry, now, ALERT_QUIET_AGENT)) {
		alert_words_read(&alerts->reader, &entry, &words);
		alert_engine_send(alerts->engine, &words, now);
	}
}

void
alerts_read(struct alerts *alerts, struct slice lines)
{
	struct alert_time now = time_now(alerts);
	struct slice line;

	while (slice_take_line(&lines, &line))
		read_line(alerts, line, now);
}

/* --- once a second -------------------------------------------------------- */

static int
store_silence(
    struct alerts *alerts, const struct silence *silence, struct error *err)
{
	if (alerts->writer == NULL)
		return error_set(
		    err, ERROR_SYSTEM, "telemetry.db cannot be used now");
	return alert_writer_save_silence(alerts->writer, silence, err);
}

/* Each alert that `silence` means has it in its history. */
static void
note_silence(struct alerts *alerts, const struct silence *silence,
    enum alert_event event, struct slice user)
{
	const struct alert *alert;

	for (size_t i = 0; (alert = alert_engine_at(alerts->engine, i)) != NULL;
	     i++) {
		struct change *change;

		if (alert->state == ALERT_RESOLVED ||
		    !silence_matches(silence, alert))
			continue;
		change =
		    add_change(alerts, event, clock_realtime(alerts->clock));
		if (change == NULL)
			return;
		change->alert = alert->id;
		change->silence = silence->id;
		buf_add_slice(&change->user, user);
		buf_add_slice(&change->note, silence->reason);
	}
}

static void
write_silence(struct buf *out, const struct silence *silence)
{
	struct json_writer json;

	json_writer_init(&json, out);
	json_writer_object(&json);
	json_writer_pair_u64(&json, "id", silence->id);
	json_writer_key(&json, "matchers");
	json_writer_array(&json);
	for (size_t i = 0; i < silence->matcher_count; i++) {
		const struct silence_matcher *matcher = silence->matchers + i;
		cleanup(buf_free) struct buf text = BUF_INIT;

		buf_addf(&text, "%s=", silence_field_name(matcher->field));
		buf_add_slice(&text, matcher->value);
		json_writer_string(&json, buf_slice(&text));
	}
	json_writer_end_array(&json);
	json_writer_pair_slice(&json, "reason", silence->reason);
	json_writer_pair_time(&json, "ends_at", silence->ends_at);
	json_writer_pair_bool(&json, "until_resolved", silence->until_resolved);
	json_writer_end_object(&json);
}

static void
end_silence(
    struct alerts *alerts, const struct silence *silence, struct slice user)
{
	struct silence ended = *silence;
	struct error err;

	ended.ended_at = clock_realtime(alerts->clock);
	note_silence(alerts, silence, ALERT_UNSILENCE, user);
	say_stored(alerts, store_silence(alerts, &ended, &err), &err);
	alert_silences_remove(alerts->silences, silence->id);
}

static void
end_silences(struct alerts *alerts, usec_t now)
{
	struct slice nobody = { NULL, 0 };
	const struct silence *silence;
	struct change *change;

	while ((silence = alert_silences_over(
		    alerts->silences, alerts->engine, now)) != NULL) {
		change = add_change(alerts, ALERT_UNSILENCE, now);
		if (change == NULL)
			return;
		change->silence = silence->id;
		write_silence(&change->request, silence);
		change->is_logged = change->is_in_log = false;
		end_silence(alerts, silence, nobody);
	}
}

static void
expire(struct alerts *alerts, struct alert_time now)
{
	struct error err;

	if (alerts->writer == NULL || now.boottime < alerts->expire_due)
		return;
	alerts->expire_due = now.boottime + EXPIRE_EACH;
	if (now.realtime > KEEP)
		say_stored(alerts,
		    alert_writer_expire(
			alerts->writer, now.realtime - KEEP, &err),
		    &err);
}

void
alerts_tick(struct alerts *alerts, struct alert_input *input)
{
	input->now = time_now(alerts);
	alert_engine_evaluate(alerts->engine, input);
	end_silences(alerts, input->now.realtime);
	expire(alerts, input->now);
	record(alerts);
}

void
alerts_erase(struct alerts *alerts, uint64_t seq)
{
	struct error err;

	alert_engine_erase(alerts->engine, seq);
	if (alerts->writer != NULL)
		say_stored(alerts,
		    alert_writer_erase(alerts->writer, seq, &err), &err);
}

/* --- commands ------------------------------------------------------------- */

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

static struct slice
argument(const struct command_call *call, const char *key)
{
	const struct json_node *node =
	    call->args == NULL
		? NULL
		: json_reader_member(call->reader, call->args, key);

	return node == NULL ? (struct slice){ NULL, 0 } : node->text;
}

static int
id_of(const struct command_call *call, uint64_t *ret, struct error *err)
{
	if (number_parse_u64(argument(call, "id"), 1, INT64_MAX, ret) == 0)
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
	struct entry entry = {
		.uid = call->peer.uid,
		.actor = ENTRY_USER,
		.actor_name = call->peer.user_name,
		.source = ENTRY_CLI,
		.capability = slice_of(capability),
		.status = ENTRY_SUCCESS,
	};
	struct error err;

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
	    request->silence.author, request->silence.reason, time_now(alerts),
	    &why);
	record(alerts);
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
	struct slice note = argument(call, "note");
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
	write_fingerprint(&json, alert->fingerprint);
	if (note.len > 0)
		json_writer_pair_slice(&json, "note", note);
	json_writer_end_object(&json);
	log_request(request, "alerts.acknowledge", &text, on_acknowledged);
}

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
	if (silence == NULL || store_silence(alerts, silence, &why) == -1) {
		if (silence != NULL)
			alert_silences_remove(alerts->silences, silence->id);
		answer(request, 0, -1, &why);
		return;
	}
	note_silence(alerts, silence, ALERT_SILENCE, silence->author);
	record(alerts);
	answer(request, silence->id, 0, NULL);
}

static int
read_matchers(
    const struct command_call *call, struct request *request, struct error *err)
{
	const struct json_node *list =
	    json_reader_member(call->reader, call->args, "matchers");
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
	struct slice text = argument(call, "duration");
	struct slice until = argument(call, "until");
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

/* What is critical may only be silenced by the owner. */
static int
check_rights(const struct command_call *call, const struct silence *silence,
    struct error *err)
{
	if ((call->peer.classes & MESSAGE_OWNER) != 0 ||
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
	struct slice reason = argument(call, "reason");

	silence->author = arena_slice(&request->arena, call->peer.user_name);
	silence->reason = arena_slice(&request->arena, reason);
	if (reason.len == 0)
		return error_set_field(err, ERROR_MISSING_FIELD, "reason",
		    "reason: why it is silenced");
	if (check_length(reason, "reason", REASON_BYTES, err) == -1 ||
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
	write_silence(&text, &request->silence);
	log_request(request, "alerts.silence", &text, on_silence_logged);
}

static void
on_removal_logged(
    void *context, uint64_t tag, uint64_t seq, const struct error *err)
{
	struct request *request = context;
	struct alerts *alerts = request->alerts;
	const struct silence *silence;

	(void)tag;
	(void)seq;
	silence = alert_silences_find(alerts->silences, request->id);
	if (err == NULL && silence != NULL)
		end_silence(alerts, silence, request->silence.author);
	record(alerts);
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
	write_silence(&text, silence);
	log_request(request, "alerts.unsilence", &text, on_removal_logged);
}
