#include "collectors/kruxosd/alerts_internal.h"

#include "base/diag.h"
#include "base/memory.h"

enum { CHANGES = 4096 }; /* that wait to be recorded */

/* --- what is to be recorded ----------------------------------------------- */

void
alerts_free_change(struct alerts *alerts, struct change *change)
{
	TAILQ_REMOVE(&alerts->queue, change, of_queue);
	alerts->change_count--;
	alerts->is_full = false;
	buf_free(&change->user);
	buf_free(&change->note);
	buf_free(&change->summary);
	buf_free(&change->request);
	free(change);
}

/* NULL: the queue is full, and that is said. */
struct change *
alerts_add_change(struct alerts *alerts, enum alert_event event, usec_t at)
{
	struct change *change;

	if (alerts->change_count == CHANGES) {
		if (!alerts->is_full)
			diag(DIAG_ERROR,
			    "alerts: what becomes of them cannot be recorded, "
			    "and there is no room for more of it");
		alerts->is_full = true;
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

void
alerts_write_fingerprint(struct json_writer *json, uint64_t fingerprint)
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
	alerts_write_fingerprint(&json, alert->fingerprint);
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
void
alerts_on_event(void *context, const struct alert *alert,
    enum alert_event event, usec_t realtime)
{
	struct alerts *alerts = context;
	struct change *change;

	if (alerts->listener != NULL)
		alerts->listener(
		    alerts->listener_context, alert, event, realtime);
	if (event == ALERT_REPEAT && is_to_be_stored(alerts, alert->id))
		return;
	change = alerts_add_change(alerts, event, realtime);
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
store_change(
    struct alerts *alerts, const struct change *change, struct error *err)
{
	if (change->erased != 0)
		return alert_writer_erase(alerts->writer, change->erased, err);
	if (change->alert != 0)
		return store_alert(alerts, change, err);
	return alert_writer_end_silence(
	    alerts->writer, change->silence, change->at, err);
}

static int
store_changes(struct alerts *alerts, struct error *err)
{
	struct change *change;
	struct error ignored;

	if (database_run(alerts->database, "BEGIN IMMEDIATE", err) == -1)
		return -1;
	TAILQ_FOREACH(change, &alerts->queue, of_queue)
		if (!change->is_stored &&
		    store_change(alerts, change, err) == -1)
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

void
alerts_say_stored(struct alerts *alerts, int result, const struct error *err)
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
void
alerts_record(struct alerts *alerts)
{
	struct change *change, *next;
	struct error err;

	log_changes(alerts);
	if (alerts->writer != NULL && has_unstored(alerts))
		alerts_say_stored(alerts, store_changes(alerts, &err), &err);
	for (change = TAILQ_FIRST(&alerts->queue); change != NULL;
	     change = next) {
		next = TAILQ_NEXT(change, of_queue);
		if (change->is_in_log && change->is_stored)
			alerts_free_change(alerts, change);
	}
}
