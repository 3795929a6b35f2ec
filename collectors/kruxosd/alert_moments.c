#include "collectors/kruxosd/alert_held.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <assert.h>

/* What is beyond the bounds is counted by alerts of these names. */
#define BEYOND_OF_AGENT "More alerts than are held for an agent"
#define BEYOND_OF_ALL	"More alerts than are held for all agents"

/* Raise it, or count it once more. */
static struct held *
find_or_add(struct alert_engine *engine, const struct subject *subject,
    struct alert_time now)
{
	struct held *held = alert_held_find(engine, subject->fingerprint);

	if (held == NULL) {
		held = alert_held_add(engine, subject, now);
		if (held == NULL)
			return NULL;
		held->alert.state = ALERT_RESOLVED;
	}
	held->seen_at = now.boottime;
	return held;
}

static void
raised(struct alert_engine *engine, struct held *held, struct alert_time now)
{
	if (held->alert.state != ALERT_FIRING) {
		alert_held_fire(engine, held, now);
		return;
	}
	held->alert.count++;
	held->alert.last_seen = now.realtime;
	held->is_untold = true;
	alert_held_tell_count(engine, held, now);
}

/* Of an agent that had hit its rate limit, and it is not over. */
static bool
is_limited(const struct held *held)
{
	return held != NULL && held->alert.rule.data != NULL &&
	       held->alert.agent_name.data != NULL &&
	       held->alert.state != ALERT_RESOLVED;
}

static size_t
count_limited(const struct alert_engine *engine)
{
	size_t count = 0;

	for (size_t i = 0; i < engine->count; i++)
		count += is_limited(engine->held[i]);
	return count;
}

static struct subject
subject_of_limit(struct alert_engine *engine, const struct engine_rule *rule,
    struct slice agent_name)
{
	struct subject subject = alert_rules_subject(rule);

	subject.agent_name = agent_name;
	subject.fingerprint = alert_held_fingerprint(
	    engine, "limit", slice_of(rule->name), agent_name);
	subject.is_quiet_clear = true;
	subject.clear_time = ALERT_QUIET_RATE_LIMIT;
	return subject;
}

/* Names of agents are made up easily: one alert stands for those beyond. */
static void
rate_limit(struct alert_engine *engine, const struct engine_rule *rule,
    struct slice agent_name, struct alert_time now)
{
	cleanup(buf_free) struct buf message = BUF_INIT;
	struct subject subject = subject_of_limit(engine, rule, agent_name);
	struct slice none = { NULL, 0 };
	struct held *held;

	if (!is_limited(alert_held_find(engine, subject.fingerprint)) &&
	    count_limited(engine) >= ALERT_ENGINE_LIMITED)
		subject = subject_of_limit(engine, rule, none);
	held = find_or_add(engine, &subject, now);
	if (held == NULL)
		return;
	if (subject.agent_name.data != NULL)
		buf_addf(&message, "%.*s has exceeded its rate limit",
		    SLICE_ARG(agent_name));
	else
		buf_addf(&message,
		    "more than %d agents have exceeded their rate limits",
		    ALERT_ENGINE_LIMITED);
	alert_held_set_text(
	    &held->alert.message, buf_slice(&message), ALERT_MESSAGE_BYTES);
	raised(engine, held, now);
}

void
alert_engine_rate_limit(
    struct alert_engine *engine, struct slice agent_name, struct alert_time now)
{
	for (size_t i = 0; i < engine->rule_count; i++)
		if (engine->rules[i].when.subject == RULE_RATE_LIMIT_HIT)
			rate_limit(engine, engine->rules + i, agent_name, now);
}

/* How many alerts of agents, and of this one, are not over. */
static void
count_sent(const struct alert_engine *engine, struct slice agent_name,
    size_t *ret_all, size_t *ret_own)
{
	*ret_all = *ret_own = 0;
	for (size_t i = 0; i < engine->count; i++) {
		const struct held *held = engine->held[i];

		assert(held != NULL);
		if (held->alert.rule.data != NULL ||
		    held->alert.state == ALERT_RESOLVED)
			continue;
		*ret_all += 1;
		*ret_own += slice_equal(held->alert.agent_name, agent_name);
	}
}

static struct subject
subject_of_words(struct alert_engine *engine, const struct alert_words *words)
{
	struct slice title = words->title;

	title.len = text_cut(title, ALERT_TITLE_BYTES);
	return (struct subject){
		.fingerprint = alert_held_fingerprint(
		    engine, "agent", words->agent_name, title),
		.severity = words->severity,
		.agent_name = words->agent_name,
		.title = title,
		.clear_time = ALERT_QUIET_AGENT,
		.is_quiet_clear = true,
	};
}

/* What stands for the alerts beyond the bounds: without the agent's words. */
static bool
is_beyond(const struct alert_engine *engine, struct alert_words *words)
{
	struct slice none = { NULL, 0 };
	size_t all, own;

	count_sent(engine, words->agent_name, &all, &own);
	if (all < ALERT_ENGINE_AGENTS && own < ALERT_ENGINE_A_AGENT)
		return false;
	words->severity = RULE_WARNING;
	words->message = words->context = none;
	words->title = SLICE_LITERAL(BEYOND_OF_AGENT);
	if (all >= ALERT_ENGINE_AGENTS) {
		words->agent_name = none;
		words->title = SLICE_LITERAL(BEYOND_OF_ALL);
	}
	return true;
}

void
alert_engine_send(struct alert_engine *engine, const struct alert_words *words,
    struct alert_time now)
{
	struct alert_words sent = *words;
	struct subject subject = subject_of_words(engine, &sent);
	struct held *held = alert_held_find(engine, subject.fingerprint);
	bool is_old = held != NULL && held->alert.state != ALERT_RESOLVED;

	if (!is_old && is_beyond(engine, &sent))
		subject = subject_of_words(engine, &sent);
	held = find_or_add(engine, &subject, now);
	if (held == NULL)
		return;
	if (!is_old || sent.severity < held->alert.severity)
		held->alert.severity = sent.severity;
	alert_held_set_text(
	    &held->alert.title, subject.title, ALERT_TITLE_BYTES);
	alert_held_set_text(
	    &held->alert.message, sent.message, ALERT_MESSAGE_BYTES);
	/* Half an object is none. */
	if (sent.context.len > ALERT_CONTEXT_BYTES)
		sent.context = (struct slice){ NULL, 0 };
	alert_held_set_text(
	    &held->alert.context, sent.context, ALERT_CONTEXT_BYTES);
	held->alert.seq = sent.seq;
	raised(engine, held, now);
}
