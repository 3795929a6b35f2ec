#include "collectors/kruxosd/alert_held.h"

#include "base/memory.h"
#include "log/entry.h"

/* --- making it ------------------------------------------------------------ */

struct alert_engine *
alert_engine_new(alert_listener *listener, void *context)
{
	struct alert_engine *engine = memory_new(sizeof(*engine));

	engine->listener = listener;
	engine->context = context;
	engine->sha256 = sha256_new();
	engine->scratch = (struct buf)BUF_INIT;
	engine->next_id = 1;
	return engine;
}

static void
free_rules(struct alert_engine *engine)
{
	for (size_t i = 0; i < engine->rule_count; i++) {
		free(engine->rules[i].name);
		free(engine->rules[i].title);
	}
	free(engine->rules);
	engine->rules = NULL;
	engine->rule_count = 0;
}

void
alert_engine_free(struct alert_engine *engine)
{
	if (engine == NULL)
		return;
	for (size_t i = 0; i < engine->count; i++)
		alert_held_free(engine->held[i]);
	free_rules(engine);
	buf_free(&engine->scratch);
	sha256_free(engine->sha256);
	free(engine);
}

static char *
copy_text(const char *text)
{
	struct buf copy = BUF_INIT;

	buf_add_str(&copy, text);
	return buf_detach(&copy);
}

void
alert_engine_configure(struct alert_engine *engine, const struct config *config)
{
	static const struct slice none = { NULL, 0 };

	free_rules(engine);
	engine->rules =
	    memory_new(config->alert_count * sizeof(engine->rules[0]));
	for (size_t i = 0; i < config->alert_count; i++) {
		const struct config_alert *alert = config->alerts + i;
		struct engine_rule *rule = engine->rules + engine->rule_count;

		if (!alert->enabled)
			continue;
		*rule = (struct engine_rule){
			.when = alert->when,
			.severity = (enum rule_severity)alert->severity,
			.name = copy_text(alert->name),
			.title = copy_text(
			    alert->title != NULL ? alert->title : alert->name),
			.fingerprint = alert_held_fingerprint(
			    engine, "rule", slice_of(alert->name), none),
		};
		engine->rule_count++;
	}
}

/* --- what is asked of it -------------------------------------------------- */

static struct held *
find_id(const struct alert_engine *engine, uint64_t id)
{
	for (size_t i = 0; i < engine->count; i++)
		if (engine->held[i]->alert.id == id)
			return engine->held[i];
	return NULL;
}

const struct alert *
alert_engine_find(const struct alert_engine *engine, uint64_t id)
{
	const struct held *held = find_id(engine, id);

	return held == NULL ? NULL : &held->alert;
}

const struct alert *
alert_engine_at(const struct alert_engine *engine, size_t place)
{
	return place < engine->count ? &engine->held[place]->alert : NULL;
}

int
alert_engine_acknowledge(struct alert_engine *engine, uint64_t id,
    struct slice user, struct slice note, struct alert_time now,
    struct error *err)
{
	struct held *held = find_id(engine, id);

	if (held == NULL || held->alert.state != ALERT_FIRING)
		return error_set(err, ERROR_NOT_FOUND,
		    "no alert %llu is firing", (unsigned long long)id);
	held->alert.acknowledged_at = now.realtime;
	alert_held_set_text(
	    &held->alert.acknowledged_by, user, ENTRY_NAME_BYTES);
	alert_held_set_text(&held->alert.note, note, ALERT_NOTE_BYTES);
	alert_held_tell(engine, held, ALERT_ACKNOWLEDGE, now);
	return 0;
}

void
alert_engine_set_next_id(struct alert_engine *engine, uint64_t id)
{
	if (id > engine->next_id)
		engine->next_id = id;
}

/* What was not told in words: how it becomes clear. */
static usec_t
restored_clear_time(const struct alert *alert, bool *ret_is_quiet_clear)
{
	*ret_is_quiet_clear =
	    alert->rule.data == NULL || alert->agent_name.data != NULL;
	if (alert->rule.data == NULL)
		return ALERT_QUIET_AGENT;
	if (alert->agent_name.data != NULL)
		return ALERT_QUIET_RATE_LIMIT;
	return alert->service.data != NULL ? ALERT_CLEAR_SERVICE
					   : ALERT_CLEAR_FIGURE;
}

static void
copy_alert(const struct alert *alert, struct alert *copy)
{
	struct slice none = { NULL, 0 };

	*copy = *alert;
	copy->rule = copy->service = copy->agent_name = copy->title = none;
	copy->message = copy->context = copy->note = none;
	copy->acknowledged_by = none;
	alert_held_set_text(&copy->rule, alert->rule, ENTRY_NAME_BYTES);
	alert_held_set_text(&copy->service, alert->service, ENTRY_NAME_BYTES);
	alert_held_set_text(
	    &copy->agent_name, alert->agent_name, ENTRY_NAME_BYTES);
	alert_held_set_text(&copy->title, alert->title, ALERT_TITLE_BYTES);
	alert_held_set_text(
	    &copy->message, alert->message, ALERT_MESSAGE_BYTES);
	alert_held_set_text(
	    &copy->context, alert->context, ALERT_CONTEXT_BYTES);
	alert_held_set_text(
	    &copy->acknowledged_by, alert->acknowledged_by, ENTRY_NAME_BYTES);
	alert_held_set_text(&copy->note, alert->note, ALERT_NOTE_BYTES);
}

void
alert_engine_restore(struct alert_engine *engine, const struct alert *alert,
    struct alert_time now)
{
	struct held *held;

	if (engine->count == ALERT_ENGINE_MAX)
		return;
	held = memory_new(sizeof(*held));
	copy_alert(alert, &held->alert);
	held->clear_time = restored_clear_time(alert, &held->is_quiet_clear);
	held->seen_at = held->over_at = now.boottime;
	alert_held_keep(engine, held);
	alert_engine_set_next_id(engine, alert->id + 1);
}

void
alert_engine_erase(struct alert_engine *engine, uint64_t seq)
{
	struct slice none = { NULL, 0 };

	for (size_t i = 0; i < engine->count; i++) {
		struct alert *alert = &engine->held[i]->alert;

		if (alert->seq != seq || seq == 0)
			continue;
		alert_held_set_text(&alert->title, SLICE_LITERAL("(erased)"),
		    ALERT_TITLE_BYTES);
		alert_held_set_text(&alert->message, none, 0);
		alert_held_set_text(&alert->context, none, 0);
	}
}
