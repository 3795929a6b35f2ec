#include "store/rule.h"

#include "base/cleanup.h"
#include "base/number.h"
#include "base/text.h"

#include <math.h>

/* What lies between holding and being clear, as a part of the bound. */
#define MARGIN 0.02

/* No bound of a figure lies beyond. */
#define VALUE_MAX 1e18

static const char *const events[RULE_SUBJECTS] = {
	[RULE_AUDIT_WRITE_FAILURE] = "audit_write_failure",
	[RULE_LOG_DAMAGED] = "log_damaged",
	[RULE_DATABASE_FAILURE] = "database_failure",
	[RULE_OBSERVER_SILENT] = "observer_silent",
	[RULE_TOKEN_GUESSING] = "token_guessing",
	[RULE_SERVICE_DOWN] = "service_down",
	[RULE_RATE_LIMIT_HIT] = "rate_limit_hit",
};

static const char *const comparisons[RULE_COMPARISONS] = {
	[RULE_ABOVE] = ">",
	[RULE_AT_LEAST] = ">=",
	[RULE_BELOW] = "<",
	[RULE_AT_MOST] = "<=",
};

const char *const rule_severities[RULE_SEVERITIES + 1] = {
	[RULE_CRITICAL] = "critical",
	[RULE_WARNING] = "warning",
	[RULE_INFO] = "info",
};

int
rule_severity_of(struct slice name)
{
	for (int i = 0; i < RULE_SEVERITIES; i++)
		if (slice_is(name, rule_severities[i]))
			return i;
	return -1;
}

/* The next word of `rest`, which shrinks; empty at the end. */
static struct slice
take_word(struct slice *rest)
{
	struct slice word;

	while (rest->len > 0 && rest->data[0] == ' ') {
		rest->data++;
		rest->len--;
	}
	word = (struct slice){ rest->data, 0 };
	while (word.len < rest->len && rest->data[word.len] != ' ')
		word.len++;
	rest->data += word.len;
	rest->len -= word.len;
	return word;
}

static int
fail(struct slice word, const char *what, struct error *err)
{
	cleanup(buf_free) struct buf quoted = BUF_INIT;

	text_add_quoted(&quoted, word);
	return error_set(err, ERROR_INVALID, "%s %s", quoted.data, what);
}

static int
parse_comparison(
    struct slice word, enum rule_comparison *ret, struct error *err)
{
	for (int i = 0; i < RULE_COMPARISONS; i++)
		if (slice_is(word, comparisons[i])) {
			*ret = (enum rule_comparison)i;
			return 0;
		}
	return fail(word, "is none of > >= < <=", err);
}

/* `subject` names an event, or the figure of a comparison that follows. */
static int
parse_subject(struct slice subject, struct slice *rest, struct rule *rule,
    struct error *err)
{
	struct slice word;

	for (int i = 0; i < RULE_SUBJECTS; i++)
		if (events[i] != NULL && slice_is(subject, events[i])) {
			rule->subject = (enum rule_subject)i;
			return 0;
		}
	rule->subject = RULE_FIGURE;
	rule->figure = figure_find(subject);
	if (rule->figure == FIGURE_COUNT)
		return fail(subject, "is not a figure or event", err);
	if (parse_comparison(take_word(rest), &rule->comparison, err) == -1)
		return -1;
	word = take_word(rest);
	if (number_parse_double(word, -VALUE_MAX, VALUE_MAX, &rule->value) ==
	    -1)
		return fail(word, "is not a number", err);
	return 0;
}

int
rule_parse(struct slice text, struct rule *ret, struct error *err)
{
	struct rule rule = { .subject = RULE_NOTHING };
	struct slice rest = text, word;

	if (parse_subject(take_word(&rest), &rest, &rule, err) == -1)
		return -1;
	word = take_word(&rest);
	if (word.len > 0) {
		if (!slice_is(word, "for"))
			return fail(
			    word, "stands where \"for\" could stand", err);
		word = take_word(&rest);
		if (clock_parse_duration(word, &rule.hold, err) == -1)
			return -1;
		if (rule.hold > USEC_PER_DAY)
			return fail(word, "is more than a day", err);
		word = take_word(&rest);
		if (word.len > 0)
			return fail(word, "stands behind the end", err);
	}
	*ret = rule;
	return 0;
}

void
rule_describe(const struct rule *rule, struct buf *out)
{
	char hold[CLOCK_DURATION_SIZE];

	if (rule->subject == RULE_FIGURE)
		buf_addf(out, "%s %s %.15g", figure_rows[rule->figure].name,
		    comparisons[rule->comparison], rule->value);
	else if (rule->subject != RULE_NOTHING)
		buf_add_str(out, events[rule->subject]);
	if (rule->hold > 0) {
		clock_format_duration(rule->hold, hold);
		buf_addf(out, " for %s", hold);
	}
}

bool
rule_holds(const struct rule *rule, double value)
{
	switch (rule->comparison) {
	case RULE_ABOVE:
		return value > rule->value;
	case RULE_AT_LEAST:
		return value >= rule->value;
	case RULE_BELOW:
		return value < rule->value;
	case RULE_AT_MOST:
		return value <= rule->value;
	case RULE_COMPARISONS:
		break;
	}
	return false;
}

bool
rule_is_clear(const struct rule *rule, double value)
{
	double margin = MARGIN * fabs(rule->value);

	if (rule_holds(rule, value))
		return false;
	if (rule->comparison == RULE_ABOVE || rule->comparison == RULE_AT_LEAST)
		return value <= rule->value - margin;
	return value >= rule->value + margin;
}
