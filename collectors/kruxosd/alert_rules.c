#include "collectors/kruxosd/alert_held.h"

#include "base/cleanup.h"

#include <assert.h>
#include <math.h>

struct subject
alert_rules_subject(const struct engine_rule *rule)
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
	struct subject subject = alert_rules_subject(rule);
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
	alert_held_step(engine, &subject, outcome,
	    engine->log_fails && is_of_log(rule->when.figure),
	    buf_slice(&message), input->now);
}

static void
evaluate_trouble(struct alert_engine *engine, const struct engine_rule *rule,
    const struct alert_input *input)
{
	struct subject subject = alert_rules_subject(rule);
	const char *words = input->trouble[rule->when.subject];

	alert_held_step(engine, &subject, words != NULL ? HOLDS : CLEAR, false,
	    slice_of(words != NULL ? words : ""), input->now);
}

/* Is it down, or told to be? */
static bool
is_down(struct alert_engine *engine, const struct engine_rule *rule,
    const struct alert_service *service)
{
	const struct held *held = alert_held_find(
	    engine, alert_held_fingerprint(engine, "rule", slice_of(rule->name),
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
	struct subject subject = alert_rules_subject(rule);

	subject.service = slice_of(service->name);
	subject.fingerprint = alert_held_fingerprint(
	    engine, "rule", slice_of(rule->name), subject.service);
	subject.clear_time = ALERT_CLEAR_SERVICE;
	if (subject.hold < service->patience)
		subject.hold = service->patience;
	if (outcomes[service->status] == HOLDS)
		buf_addf(&message, "%s is down: %s", service->name,
		    service->details[0] != '\0' ? service->details
						: "no details");
	alert_held_step(engine, &subject, outcomes[service->status],
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
	case RULE_TOKEN_GUESSING:
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
			alert_held_forget(engine, place);
	} else if (is_over && held->alert.state == ALERT_PENDING) {
		alert_held_drop(engine, held, now);
	} else if (is_over) {
		alert_held_resolve(engine, held, now);
	} else {
		alert_held_tell_count(engine, held, now);
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
