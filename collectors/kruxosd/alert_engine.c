#include "collectors/kruxosd/alert_engine.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/memory.h"
#include "base/sha256.h"
#include "base/text.h"
#include "log/entry.h"

#include <assert.h>
#include <math.h>

/* That an alert was seen again is told this often. */
#define TELL_EVERY (10 * USEC_PER_SEC)

/* What is beyond the bounds is counted by alerts of these names. */
#define BEYOND_OF_AGENT "More alerts than are held for an agent"
#define BEYOND_OF_ALL	"More alerts than are held for all agents"

enum outcome {
	HOLDS,
	BETWEEN, /* neither so nor over */
	CLEAR,
	UNKNOWN,
};

struct held {
	struct alert alert;  /* its text is its own */
	usec_t clear_time;   /* how long it must have been clear */
	bool is_quiet_clear; /* it is clear when it is not seen */

	/* CLOCK_BOOTTIME; 0: it is not so. */
	usec_t so_since, clear_since;
	usec_t seen_at, told_at;
	usec_t over_at;
	uint64_t round; /* of its last evaluation */
	bool is_untold; /* it was counted since it was told */
};

struct engine_rule {
	struct rule when;
	enum rule_severity severity;
	char *name, *title;
	uint64_t fingerprint; /* where it speaks of one thing alone */
};

struct alert_engine {
	alert_listener *listener;
	void *context;
	struct sha256 *sha256;
	struct buf scratch;
	struct engine_rule *rules;
	size_t rule_count;
	uint64_t next_id, round;
	bool log_fails; /* the log cannot be written now */

	/* Fingerprints lie beside each other: they are what is looked for. */
	uint64_t fingerprints[ALERT_ENGINE_MAX];
	struct held *held[ALERT_ENGINE_MAX];
	size_t count;
};

/* One thing that a rule, or an agent, speaks of. */
struct subject {
	uint64_t fingerprint;
	enum rule_severity severity;
	struct slice rule, service, agent_name, title;
	usec_t hold;
	usec_t clear_time;
	bool is_quiet_clear;
};

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
set_text(struct slice *text, struct slice value, size_t max)
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

static void
free_held(struct held *held)
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
		free_held(engine->held[i]);
	free_rules(engine);
	buf_free(&engine->scratch);
	sha256_free(engine->sha256);
	free(engine);
}

/* The first 63 bits (SQLite's numbers have a sign) of the SHA-256 of what
 * makes one alert another than the others. */
static uint64_t
fingerprint_of(struct alert_engine *engine, const char *kind,
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
			.fingerprint = fingerprint_of(
			    engine, "rule", slice_of(alert->name), none),
		};
		engine->rule_count++;
	}
}

/* --- what is held --------------------------------------------------------- */

static struct held *
find(const struct alert_engine *engine, uint64_t fingerprint)
{
	for (size_t i = 0; i < engine->count; i++)
		if (engine->fingerprints[i] == fingerprint)
			return engine->held[i];
	return NULL;
}

static void
forget(struct alert_engine *engine, size_t place)
{
	free_held(engine->held[place]);
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
	for (size_t i = 0; i < engine->count; i++)
		if (engine->held[i]->alert.state == ALERT_RESOLVED &&
		    (oldest == engine->count ||
			engine->held[i]->over_at <
			    engine->held[oldest]->over_at))
			oldest = i;
	if (oldest == engine->count)
		return false;
	forget(engine, oldest);
	return true;
}

static struct held *
hold(struct alert_engine *engine, struct held *held)
{
	engine->held[engine->count] = held;
	engine->fingerprints[engine->count] = held->alert.fingerprint;
	engine->count++;
	return held;
}

static void
tell(struct alert_engine *engine, struct held *held, enum alert_event event,
    struct alert_time now)
{
	held->told_at = now.boottime;
	held->is_untold = false;
	engine->listener(engine->context, &held->alert, event, now.realtime);
}

/* NULL: as many as can be held are not over. */
static struct held *
add(struct alert_engine *engine, const struct subject *subject,
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
	set_text(&alert->rule, subject->rule, ENTRY_NAME_BYTES);
	set_text(&alert->service, subject->service, ENTRY_NAME_BYTES);
	set_text(&alert->agent_name, subject->agent_name, ENTRY_NAME_BYTES);
	set_text(&alert->title, subject->title, ALERT_TITLE_BYTES);
	alert->first_seen = alert->last_seen = now.realtime;
	held->clear_time = subject->clear_time;
	held->is_quiet_clear = subject->is_quiet_clear;
	held->so_since = now.boottime;
	return hold(engine, held);
}

/* --- from state to state -------------------------------------------------- */

static void
fire(struct alert_engine *engine, struct held *held, struct alert_time now)
{
	struct alert *alert = &held->alert;
	struct slice none = { NULL, 0 };

	alert->state = ALERT_FIRING;
	alert->count++;
	alert->last_seen = now.realtime;
	alert->resolved_at = 0;
	alert->acknowledged_at = 0;
	set_text(&alert->acknowledged_by, none, 0);
	set_text(&alert->note, none, 0);
	tell(engine, held, ALERT_FIRE, now);
}

static void
resolve(struct alert_engine *engine, struct held *held, struct alert_time now)
{
	held->alert.state = ALERT_RESOLVED;
	held->alert.resolved_at = now.realtime;
	held->over_at = now.boottime;
	held->clear_since = held->so_since = 0;
	tell(engine, held, ALERT_RESOLVE, now);
}

/* It was pending. Had it been raised before, it is as it was. */
static void
drop(struct alert_engine *engine, struct held *held, struct alert_time now)
{
	held->alert.state = ALERT_RESOLVED;
	held->so_since = 0;
	tell(engine, held, ALERT_DROP, now);
	for (size_t i = 0; i < engine->count && held->alert.count == 0; i++)
		if (engine->held[i] == held) {
			forget(engine, i);
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
		tell(engine, held, ALERT_BEGIN, now);
	}
	if (held->so_since == 0 ||
	    (waits && held->alert.state == ALERT_PENDING))
		held->so_since = now.boottime;
	held->alert.last_seen = now.realtime;
	if (held->alert.state == ALERT_PENDING) {
		if (!waits && now.boottime - held->so_since >= hold_time)
			fire(engine, held, now);
	} else if (now.boottime - held->told_at >= TELL_EVERY) {
		tell(engine, held, ALERT_REPEAT, now);
	}
}

static void
on_clear(struct alert_engine *engine, struct held *held, struct alert_time now)
{
	if (held->alert.state == ALERT_PENDING) {
		drop(engine, held, now);
		return;
	}
	if (held->alert.state != ALERT_FIRING)
		return;
	if (held->clear_since == 0)
		held->clear_since = now.boottime;
	if (now.boottime - held->clear_since >= clear_time(held))
		resolve(engine, held, now);
}

/* One evaluation of one thing; `message` in words, when it is so. */
static void
step(struct alert_engine *engine, const struct subject *subject,
    enum outcome outcome, bool waits, struct slice message,
    struct alert_time now)
{
	struct held *held = find(engine, subject->fingerprint);
	bool is_new = held == NULL;

	if (is_new && outcome == HOLDS)
		held = add(engine, subject, now);
	if (held == NULL)
		return;
	held->round = engine->round;
	held->alert.severity = subject->severity;
	if (outcome == HOLDS) {
		set_text(&held->alert.message, message, ALERT_MESSAGE_BYTES);
		if (is_new)
			tell(engine, held, ALERT_BEGIN, now);
		on_holds(engine, held, subject->hold, waits, now);
	} else if (outcome == CLEAR) {
		on_clear(engine, held, now);
	} else {
		held->clear_since = 0;
		held->so_since = 0;
		if (outcome == BETWEEN && held->alert.state == ALERT_PENDING)
			drop(engine, held, now);
	}
}

/* --- rules ---------------------------------------------------------------- */

static struct subject
subject_of(const struct engine_rule *rule)
{
	return (struct subject){
		.fingerprint = rule->fingerprint,
		.severity = rule->severity,
		.rule = slice_of(rule->name),
		.title = slice_of(rule->title),
		.hold = rule->when.hold,
		.clear_time = ALERT_CLEAR_FIGURE,
	};
}

/* What the daemon counts from its log says little while that stands still. */
static bool
is_of_log(enum figure figure)
{
	return figure >= FIGURE_ACTIVE_AGENTS;
}

static void
evaluate_figure(struct alert_engine *engine, const struct engine_rule *rule,
    const struct alert_input *input)
{
	cleanup(buf_free) struct buf message = BUF_INIT;
	struct subject subject = subject_of(rule);
	double value = input->figures[rule->when.figure];
	enum outcome outcome = BETWEEN;

	if (isnan(value))
		outcome = UNKNOWN;
	else if (rule_holds(&rule->when, value))
		outcome = HOLDS;
	else if (rule_is_clear(&rule->when, value))
		outcome = CLEAR;
	if (outcome == HOLDS) {
		buf_addf(&message, "%s is %.4g; the rule: ",
		    figure_rows[rule->when.figure].name, value);
		rule_describe(&rule->when, &message);
	}
	step(engine, &subject, outcome,
	    engine->log_fails && is_of_log(rule->when.figure),
	    buf_slice(&message), input->now);
}

static void
evaluate_trouble(struct alert_engine *engine, const struct engine_rule *rule,
    const struct alert_input *input)
{
	struct subject subject = subject_of(rule);
	const char *words = input->trouble[rule->when.subject];

	step(engine, &subject, words != NULL ? HOLDS : CLEAR, false,
	    slice_of(words != NULL ? words : ""), input->now);
}

/* Is it down, or told to be? */
static bool
is_down(struct alert_engine *engine, const struct engine_rule *rule,
    const struct alert_service *service)
{
	const struct held *held =
	    find(engine, fingerprint_of(engine, "rule", slice_of(rule->name),
			     slice_of(service->name)));

	return service->status == OBSERVED_UNHEALTHY ||
	       (held != NULL && held->alert.state == ALERT_FIRING);
}

/* Two that depend on each other wait for neither. */
static bool
waits_for_others(struct alert_engine *engine, const struct engine_rule *rule,
    const struct alert_input *input, size_t place)
{
	const struct alert_service *services = input->services;

	for (size_t i = 0; i < input->service_count; i++)
		if (i != place && (services[place].depends_on >> i & 1) != 0 &&
		    (services[i].depends_on >> place & 1) == 0 &&
		    is_down(engine, rule, services + i))
			return true;
	return false;
}

static void
evaluate_service(struct alert_engine *engine, const struct engine_rule *rule,
    const struct alert_input *input, size_t place)
{
	static const enum outcome outcomes[] = {
		[OBSERVED_UNKNOWN] = UNKNOWN,
		[OBSERVED_HEALTHY] = CLEAR,
		[OBSERVED_DEGRADED] = CLEAR,
		[OBSERVED_UNHEALTHY] = HOLDS,
	};
	const struct alert_service *service = input->services + place;
	cleanup(buf_free) struct buf message = BUF_INIT;
	struct subject subject = subject_of(rule);

	subject.service = slice_of(service->name);
	subject.fingerprint = fingerprint_of(
	    engine, "rule", slice_of(rule->name), subject.service);
	subject.clear_time = ALERT_CLEAR_SERVICE;
	if (outcomes[service->status] == HOLDS)
		buf_addf(&message, "%s is down: %s", service->name,
		    service->details[0] != '\0' ? service->details
						: "no details");
	step(engine, &subject, outcomes[service->status],
	    waits_for_others(engine, rule, input, place), buf_slice(&message),
	    input->now);
}

static void
evaluate_rule(struct alert_engine *engine, const struct engine_rule *rule,
    const struct alert_input *input)
{
	switch (rule->when.subject) {
	case RULE_FIGURE:
		evaluate_figure(engine, rule, input);
		break;
	case RULE_AUDIT_WRITE_FAILURE:
	case RULE_LOG_DAMAGED:
	case RULE_DATABASE_FAILURE:
	case RULE_OBSERVER_SILENT:
		evaluate_trouble(engine, rule, input);
		break;
	case RULE_SERVICE_DOWN:
		for (size_t i = 0; i < input->service_count; i++)
			if (!input->services[i].has_other_rule)
				evaluate_service(engine, rule, input, i);
		break;
	case RULE_RATE_LIMIT_HIT:
	case RULE_NOTHING:
	case RULE_SUBJECTS:
		break;
	}
}

/* Once a second at most, however often it happens. */
static void
tell_count(
    struct alert_engine *engine, struct held *held, struct alert_time now)
{
	if (held->is_untold && now.boottime - held->told_at >= USEC_PER_SEC)
		tell(engine, held, ALERT_REPEAT, now);
}

/* What was not seen for long enough is over; so is what no rule speaks of any
 * more. */
static void
sweep_one(struct alert_engine *engine, size_t place, struct alert_time now)
{
	struct held *held = engine->held[place];
	usec_t quiet = now.boottime - held->seen_at;
	bool is_over = held->is_quiet_clear ? quiet >= held->clear_time
					    : held->round != engine->round;

	if (held->alert.state == ALERT_RESOLVED) {
		if (now.boottime - held->over_at >= ALERT_FORGET)
			forget(engine, place);
	} else if (is_over && held->alert.state == ALERT_PENDING) {
		drop(engine, held, now);
	} else if (is_over) {
		resolve(engine, held, now);
	} else {
		tell_count(engine, held, now);
	}
}

void
alert_engine_evaluate(
    struct alert_engine *engine, const struct alert_input *input)
{
	assert(input->service_count <= 64);
	engine->round++;
	engine->log_fails = input->trouble[RULE_AUDIT_WRITE_FAILURE] != NULL;
	for (size_t i = 0; i < engine->rule_count; i++)
		evaluate_rule(engine, engine->rules + i, input);
	/* From behind: what is forgotten is replaced by the last. */
	for (size_t i = engine->count; i-- > 0;)
		sweep_one(engine, i, input->now);
}

/* --- what happens at a moment --------------------------------------------- */

/* Raise it, or count it once more. */
static struct held *
find_or_add(struct alert_engine *engine, const struct subject *subject,
    struct alert_time now)
{
	struct held *held = find(engine, subject->fingerprint);

	if (held == NULL) {
		held = add(engine, subject, now);
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
		fire(engine, held, now);
		return;
	}
	held->alert.count++;
	held->alert.last_seen = now.realtime;
	held->is_untold = true;
	tell_count(engine, held, now);
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
	struct subject subject = subject_of(rule);

	subject.agent_name = agent_name;
	subject.fingerprint =
	    fingerprint_of(engine, "limit", slice_of(rule->name), agent_name);
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

	if (!is_limited(find(engine, subject.fingerprint)) &&
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
	set_text(
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
		.fingerprint =
		    fingerprint_of(engine, "agent", words->agent_name, title),
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
	struct held *held = find(engine, subject.fingerprint);
	bool is_old = held != NULL && held->alert.state != ALERT_RESOLVED;

	if (!is_old && is_beyond(engine, &sent))
		subject = subject_of_words(engine, &sent);
	held = find_or_add(engine, &subject, now);
	if (held == NULL)
		return;
	if (!is_old || sent.severity < held->alert.severity)
		held->alert.severity = sent.severity;
	set_text(&held->alert.title, subject.title, ALERT_TITLE_BYTES);
	set_text(&held->alert.message, sent.message, ALERT_MESSAGE_BYTES);
	/* Half an object is none. */
	if (sent.context.len > ALERT_CONTEXT_BYTES)
		sent.context = (struct slice){ NULL, 0 };
	set_text(&held->alert.context, sent.context, ALERT_CONTEXT_BYTES);
	held->alert.seq = sent.seq;
	raised(engine, held, now);
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
	set_text(&held->alert.acknowledged_by, user, ENTRY_NAME_BYTES);
	set_text(&held->alert.note, note, ALERT_NOTE_BYTES);
	tell(engine, held, ALERT_ACKNOWLEDGE, now);
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
	set_text(&copy->rule, alert->rule, ENTRY_NAME_BYTES);
	set_text(&copy->service, alert->service, ENTRY_NAME_BYTES);
	set_text(&copy->agent_name, alert->agent_name, ENTRY_NAME_BYTES);
	set_text(&copy->title, alert->title, ALERT_TITLE_BYTES);
	set_text(&copy->message, alert->message, ALERT_MESSAGE_BYTES);
	set_text(&copy->context, alert->context, ALERT_CONTEXT_BYTES);
	set_text(
	    &copy->acknowledged_by, alert->acknowledged_by, ENTRY_NAME_BYTES);
	set_text(&copy->note, alert->note, ALERT_NOTE_BYTES);
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
	hold(engine, held);
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
		set_text(&alert->title, SLICE_LITERAL("(erased)"),
		    ALERT_TITLE_BYTES);
		set_text(&alert->message, none, 0);
		set_text(&alert->context, none, 0);
	}
}
