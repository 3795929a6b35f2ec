#include "collectors/kruxosd/alert_held.h"

#include "base/memory.h"
#include "base/text.h"
#include "log/entry.h"

#include <assert.h>

/* That an alert was seen again is told this often. */
#define TELL_EVERY (10 * USEC_PER_SEC)

/* --- text ----------------------------------------------------------------- */

void
alert_held_set_text(struct slice *text, struct slice value, size_t max)
{
	char *copy = NULL;
	size_t len = text_cut(value, max);

	if (value.data != NULL) {
		copy = memory_new(len + 1);
		if (len > 0)
			memcpy(copy, value.data, len);
	}
	free((char *)text->data);
	*text = (struct slice){ copy, len };
}

void
alert_held_free(struct held *held)
{
	struct slice *texts[] = {
		&held->alert.rule,
		&held->alert.service,
		&held->alert.agent_name,
		&held->alert.title,
		&held->alert.message,
		&held->alert.context,
		&held->alert.acknowledged_by,
		&held->alert.note,
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		free((char *)texts[i]->data);
	free(held);
}

/* The first 63 bits (SQLite's numbers have a sign) of the SHA-256 of what
 * makes one alert another than the others. */
uint64_t
alert_held_fingerprint(struct alert_engine *engine, const char *kind,
    struct slice first, struct slice second)
{
	unsigned char digest[SHA256_BYTES];
	uint64_t fingerprint = 0;

	buf_set_len(&engine->scratch, 0);
	buf_add(&engine->scratch, kind, strlen(kind) + 1);
	buf_add_slice(&engine->scratch, first);
	buf_add_char(&engine->scratch, '\0');
	buf_add_slice(&engine->scratch, second);
	sha256_digest(engine->sha256, buf_slice(&engine->scratch), digest);
	for (int i = 0; i < 8; i++)
		fingerprint = fingerprint << 8 | digest[i];
	return fingerprint >> 1;
}

/* --- what is held --------------------------------------------------------- */

struct held *
alert_held_find(const struct alert_engine *engine, uint64_t fingerprint)
{
	for (size_t i = 0; i < engine->count; i++)
		if (engine->fingerprints[i] == fingerprint)
			return engine->held[i];
	return NULL;
}

void
alert_held_forget(struct alert_engine *engine, size_t place)
{
	alert_held_free(engine->held[place]);
	engine->count--;
	engine->held[place] = engine->held[engine->count];
	engine->fingerprints[place] = engine->fingerprints[engine->count];
}

/* The one that has been over for longest makes room. */
static bool
make_room(struct alert_engine *engine)
{
	size_t oldest = engine->count;

	if (engine->count < ALERT_ENGINE_MAX)
		return true;
	for (size_t i = 0; i < engine->count; i++) {
		const struct held *held = engine->held[i];

		assert(held != NULL);
		if (held->alert.state == ALERT_RESOLVED &&
		    (oldest == engine->count ||
			held->over_at < engine->held[oldest]->over_at))
			oldest = i;
	}
	if (oldest == engine->count)
		return false;
	alert_held_forget(engine, oldest);
	return true;
}

struct held *
alert_held_keep(struct alert_engine *engine, struct held *held)
{
	engine->held[engine->count] = held;
	engine->fingerprints[engine->count] = held->alert.fingerprint;
	engine->count++;
	return held;
}

void
alert_held_tell(struct alert_engine *engine, struct held *held,
    enum alert_event event, struct alert_time now)
{
	held->told_at = now.boottime;
	held->is_untold = false;
	engine->listener(engine->context, &held->alert, event, now.realtime);
}

/* NULL: as many as can be held are not over. */
struct held *
alert_held_add(struct alert_engine *engine, const struct subject *subject,
    struct alert_time now)
{
	struct held *held;
	struct alert *alert;

	if (!make_room(engine))
		return NULL;
	held = memory_new(sizeof(*held));
	alert = &held->alert;
	alert->id = engine->next_id++;
	alert->fingerprint = subject->fingerprint;
	alert->state = ALERT_PENDING;
	alert->severity = subject->severity;
	alert_held_set_text(&alert->rule, subject->rule, ENTRY_NAME_BYTES);
	alert_held_set_text(
	    &alert->service, subject->service, ENTRY_NAME_BYTES);
	alert_held_set_text(
	    &alert->agent_name, subject->agent_name, ENTRY_NAME_BYTES);
	alert_held_set_text(&alert->title, subject->title, ALERT_TITLE_BYTES);
	alert->first_seen = alert->last_seen = now.realtime;
	held->clear_time = subject->clear_time;
	held->is_quiet_clear = subject->is_quiet_clear;
	held->so_since = now.boottime;
	return alert_held_keep(engine, held);
}

/* --- from state to state -------------------------------------------------- */

void
alert_held_fire(
    struct alert_engine *engine, struct held *held, struct alert_time now)
{
	struct alert *alert = &held->alert;
	struct slice none = { NULL, 0 };

	alert->state = ALERT_FIRING;
	alert->count++;
	alert->last_seen = now.realtime;
	alert->resolved_at = 0;
	alert->acknowledged_at = 0;
	alert_held_set_text(&alert->acknowledged_by, none, 0);
	alert_held_set_text(&alert->note, none, 0);
	alert_held_tell(engine, held, ALERT_FIRE, now);
}

void
alert_held_resolve(
    struct alert_engine *engine, struct held *held, struct alert_time now)
{
	held->alert.state = ALERT_RESOLVED;
	held->alert.resolved_at = now.realtime;
	held->over_at = now.boottime;
	held->clear_since = held->so_since = 0;
	alert_held_tell(engine, held, ALERT_RESOLVE, now);
}

/* It was pending. Had it been raised before, it is as it was. */
void
alert_held_drop(
    struct alert_engine *engine, struct held *held, struct alert_time now)
{
	held->alert.state = ALERT_RESOLVED;
	held->so_since = 0;
	alert_held_tell(engine, held, ALERT_DROP, now);
	for (size_t i = 0; i < engine->count && held->alert.count == 0; i++)
		if (engine->held[i] == held) {
			alert_held_forget(engine, i);
			return;
		}
}

static usec_t
clear_time(const struct held *held)
{
	usec_t time = held->clear_time;

	if (held->is_quiet_clear)
		return time;
	for (uint64_t i = 1; i < held->alert.count && time < ALERT_CLEAR_MAX;
	     i++)
		time *= 2;
	return time < ALERT_CLEAR_MAX ? time : ALERT_CLEAR_MAX;
}

/* It is so; `waits`: something that it follows from is being told already. */
static void
on_holds(struct alert_engine *engine, struct held *held, usec_t hold_time,
    bool waits, struct alert_time now)
{
	held->clear_since = 0;
	if (held->alert.state == ALERT_RESOLVED) {
		held->alert.state = ALERT_PENDING;
		held->so_since = 0;
		alert_held_tell(engine, held, ALERT_BEGIN, now);
	}
	if (held->so_since == 0 ||
	    (waits && held->alert.state == ALERT_PENDING))
		held->so_since = now.boottime;
	held->alert.last_seen = now.realtime;
	if (held->alert.state == ALERT_PENDING) {
		if (!waits && now.boottime - held->so_since >= hold_time)
			alert_held_fire(engine, held, now);
	} else if (now.boottime - held->told_at >= TELL_EVERY) {
		alert_held_tell(engine, held, ALERT_REPEAT, now);
	}
}

static void
on_clear(struct alert_engine *engine, struct held *held, struct alert_time now)
{
	if (held->alert.state == ALERT_PENDING) {
		alert_held_drop(engine, held, now);
		return;
	}
	if (held->alert.state != ALERT_FIRING)
		return;
	if (held->clear_since == 0)
		held->clear_since = now.boottime;
	if (now.boottime - held->clear_since >= clear_time(held))
		alert_held_resolve(engine, held, now);
}

/* One evaluation of one thing; `message` in words, when it is so. */
void
alert_held_step(struct alert_engine *engine, const struct subject *subject,
    enum outcome outcome, bool waits, struct slice message,
    struct alert_time now)
{
	struct held *held = alert_held_find(engine, subject->fingerprint);
	bool is_new = held == NULL;

	if (is_new && outcome == HOLDS)
		held = alert_held_add(engine, subject, now);
	if (held == NULL)
		return;
	held->round = engine->round;
	held->alert.severity = subject->severity;
	if (outcome == HOLDS) {
		alert_held_set_text(
		    &held->alert.message, message, ALERT_MESSAGE_BYTES);
		if (is_new)
			alert_held_tell(engine, held, ALERT_BEGIN, now);
		on_holds(engine, held, subject->hold, waits, now);
	} else if (outcome == CLEAR) {
		on_clear(engine, held, now);
	} else {
		held->clear_since = 0;
		held->so_since = 0;
		if (outcome == BETWEEN && held->alert.state == ALERT_PENDING)
			alert_held_drop(engine, held, now);
	}
}

/* Once a second at most, however often it happens. */
void
alert_held_tell_count(
    struct alert_engine *engine, struct held *held, struct alert_time now)
{
	if (held->is_untold && now.boottime - held->told_at >= USEC_PER_SEC)
		alert_held_tell(engine, held, ALERT_REPEAT, now);
}
