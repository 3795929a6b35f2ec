#include "collectors/kruxosd/alerts_internal.h"

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/json_writer.h"
#include "base/memory.h"
#include "collectors/kruxosd/alert_words.h"

/* Resolved alerts and their history are kept for so long. */
#define KEEP	    (90 * USEC_PER_DAY)
#define EXPIRE_EACH USEC_PER_HOUR

struct alert_time
alerts_time(const struct alerts *alerts)
{
	return (struct alert_time){
		.realtime = clock_realtime(alerts->clock),
		.boottime = clock_boottime(alerts->clock),
	};
}

/* --- making it ------------------------------------------------------------ */

struct alerts *
alerts_new(struct clock *clock, struct commit *commit)
{
	struct alerts *alerts = memory_new(sizeof(*alerts));

	alerts->clock = clock;
	alerts->commit = commit;
	alerts->engine = alert_engine_new(alerts_on_event, alerts);
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
		alerts_free_change(alerts, change);
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

	alert_engine_restore(alerts->engine, alert, alerts_time(alerts));
}

static void
on_silence(void *context, const struct silence *silence)
{
	struct alerts *alerts = context;
	struct error ignored; /* no more are kept than are read */

	(void)alert_silences_add(alerts->silences, silence, &ignored);
}

static int
save_each(struct alerts *alerts, struct error *err)
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

/* Another database has taken the place of the one before: it may be empty. One
 * transaction, as each waits for the disk. */
static int
save_all(struct alerts *alerts, struct error *err)
{
	struct error ignored;

	if (database_run(alerts->database, "BEGIN IMMEDIATE", err) == -1)
		return -1;
	if (save_each(alerts, err) == 0 &&
	    database_run(alerts->database, "COMMIT", err) == 0)
		return 0;
	(void)database_run(alerts->database, "ROLLBACK", &ignored);
	return -1;
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

/* Where the database cannot be read yet, nobody knows which ids it has given:
 * all are less than this, since no alert is raised each second for long. */
static void
keep_ids_apart(struct alerts *alerts)
{
	if (!alerts->is_loaded)
		alert_engine_set_next_id(alerts->engine,
		    clock_realtime(alerts->clock) / USEC_PER_SEC);
}

/* --- what agents say ------------------------------------------------------ */

/* An import may tell of what happened so long ago that it would have resolved
 * by now. */
static bool
is_over(const struct entry *entry, struct alert_time now, usec_t quiet)
{
	return entry->time < now.realtime && now.realtime - entry->time > quiet;
}

/* What was refused to an agent is no alert. */
static bool
is_sent(const struct entry *entry)
{
	return slice_is(entry->capability, "alerts.send") &&
	       entry->status == ENTRY_SUCCESS;
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
	} else if (is_sent(&entry) &&
		   !is_over(&entry, now, ALERT_QUIET_AGENT)) {
		alert_words_read(&alerts->reader, &entry, &words);
		alert_engine_send(alerts->engine, &words, now);
	}
}

void
alerts_read(struct alerts *alerts, struct slice lines)
{
	struct alert_time now = alerts_time(alerts);
	struct slice line;

	keep_ids_apart(alerts);
	while (slice_take_line(&lines, &line))
		read_line(alerts, line, now);
}

/* --- once a second -------------------------------------------------------- */

int
alerts_store_silence(
    struct alerts *alerts, const struct silence *silence, struct error *err)
{
	if (alerts->writer == NULL)
		return error_set(
		    err, ERROR_SYSTEM, "telemetry.db cannot be used now");
	return alert_writer_save_silence(alerts->writer, silence, err);
}

/* Each alert that `silence` means has it in its history. */
void
alerts_note_silence(struct alerts *alerts, const struct silence *silence,
    enum alert_event event, struct slice user)
{
	const struct alert *alert;

	for (size_t i = 0; (alert = alert_engine_at(alerts->engine, i)) != NULL;
	     i++) {
		struct change *change;

		if (alert->state == ALERT_RESOLVED ||
		    !silence_matches(silence, alert))
			continue;
		change = alerts_add_change(
		    alerts, event, clock_realtime(alerts->clock));
		if (change == NULL)
			return;
		change->alert = alert->id;
		change->silence = silence->id;
		buf_add_slice(&change->user, user);
		buf_add_slice(&change->note, silence->reason);
	}
}

void
alerts_write_silence(struct buf *out, const struct silence *silence)
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

int
alerts_end_silence(
    struct alerts *alerts, const struct silence *silence, struct slice user)
{
	struct change *change = alerts_add_change(
	    alerts, ALERT_UNSILENCE, clock_realtime(alerts->clock));

	if (change == NULL)
		return -1;
	change->silence = silence->id;
	if (user.data == NULL) {
		alerts_write_silence(&change->request, silence);
		change->is_logged = change->is_in_log = false;
	}
	alerts_note_silence(alerts, silence, ALERT_UNSILENCE, user);
	alert_silences_remove(alerts->silences, silence->id);
	return 0;
}

static void
end_silences(struct alerts *alerts, usec_t now)
{
	struct slice nobody = { NULL, 0 };
	const struct silence *silence;

	while ((silence = alert_silences_over(
		    alerts->silences, alerts->engine, now)) != NULL)
		if (alerts_end_silence(alerts, silence, nobody) == -1)
			return;
}

static void
expire(struct alerts *alerts, struct alert_time now)
{
	struct error err;

	if (alerts->writer == NULL || now.boottime < alerts->expire_due)
		return;
	alerts->expire_due = now.boottime + EXPIRE_EACH;
	if (now.realtime > KEEP)
		alerts_say_stored(alerts,
		    alert_writer_expire(
			alerts->writer, now.realtime - KEEP, &err),
		    &err);
}

void
alerts_tick(struct alerts *alerts, struct alert_input *input)
{
	input->now = alerts_time(alerts);
	keep_ids_apart(alerts);
	alert_engine_evaluate(alerts->engine, input);
	end_silences(alerts, input->now.realtime);
	expire(alerts, input->now);
	alerts_record(alerts);
}

void
alerts_erase(struct alerts *alerts, uint64_t seq)
{
	struct change *change;

	alert_engine_erase(alerts->engine, seq);
	change = alerts_add_change(
	    alerts, ALERT_REPEAT, clock_realtime(alerts->clock));
	if (change == NULL)
		return;
	change->erased = seq;
	alerts_record(alerts);
}
