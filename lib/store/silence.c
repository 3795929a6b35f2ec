#include "store/silence.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/glob.h"
#include "base/text.h"

static const char *const fields[SILENCE_FIELDS] = {
	[SILENCE_SEVERITY] = "severity",
	[SILENCE_SOURCE] = "source",
	[SILENCE_AGENT_NAME] = "agent_name",
	[SILENCE_TITLE] = "title",
	[SILENCE_RULE] = "rule",
	[SILENCE_SERVICE] = "service",
};

const char *
silence_field_name(enum silence_field field)
{
	return fields[field];
}

static int
fail(struct slice text, const char *what, struct error *err)
{
	cleanup(buf_free) struct buf quoted = BUF_INIT;

	text_add_quoted(&quoted, text);
	return error_set_field(
	    err, ERROR_INVALID, "matchers", "%s %s", quoted.data, what);
}

static int
find_field(struct slice name)
{
	for (int i = 0; i < SILENCE_FIELDS; i++)
		if (slice_is(name, fields[i]))
			return i;
	return -1;
}

/* Newlines part the matchers where they are kept. */
static bool
is_value(struct slice value)
{
	return value.len > 0 && value.len <= SILENCE_VALUE_BYTES &&
	       memchr(value.data, '\n', value.len) == NULL;
}

static bool
has_field(const struct silence *silence, int field)
{
	for (size_t i = 0; i < silence->matcher_count; i++)
		if (silence->matchers[i].field == (enum silence_field)field)
			return true;
	return false;
}

int
silence_add(struct silence *silence, struct slice text, struct error *err)
{
	const char *sign =
	    text.len == 0 ? NULL : memchr(text.data, '=', text.len);
	struct slice name, value;
	int field;

	if (sign == NULL)
		return fail(text, "is not name=value", err);
	name = (struct slice){ text.data, (size_t)(sign - text.data) };
	value = (struct slice){ sign + 1, text.len - name.len - 1 };
	field = find_field(name);
	if (field == -1)
		return fail(name, "is no field of an alert", err);
	if (has_field(silence, field))
		return fail(name, "is given twice", err);
	if (!is_value(value))
		return fail(value, "is not a value of 1 to 256 bytes", err);
	if (field == SILENCE_SEVERITY && rule_severity_of(value) == -1 &&
	    memchr(value.data, '*', value.len) == NULL)
		return fail(value, "is not critical, warning or info", err);
	if (silence->matcher_count == SILENCE_MATCHERS)
		return error_set_field(err, ERROR_TOO_LONG, "matchers",
		    "a silence has at most %d matchers", SILENCE_MATCHERS);
	silence->matchers[silence->matcher_count++] =
	    (struct silence_matcher){ (enum silence_field)field, value };
	return 0;
}

void
silence_write(const struct silence *silence, struct buf *out)
{
	for (size_t i = 0; i < silence->matcher_count; i++) {
		const struct silence_matcher *matcher = silence->matchers + i;

		if (i > 0)
			buf_add_char(out, '\n');
		buf_addf(out, "%s=", fields[matcher->field]);
		buf_add_slice(out, matcher->value);
	}
}

int
silence_read(struct silence *silence, struct slice text, struct error *err)
{
	struct slice line;

	silence->matcher_count = 0;
	while (slice_take_line(&text, &line))
		if (silence_add(silence, line, err) == -1)
			return -1;
	return silence_add(silence, text, err);
}

static struct slice
value_of(const struct alert *alert, enum silence_field field)
{
	switch (field) {
	case SILENCE_SEVERITY:
		return slice_of(rule_severities[alert->severity]);
	case SILENCE_SOURCE:
		return alert_source(alert);
	case SILENCE_AGENT_NAME:
		return alert->agent_name;
	case SILENCE_TITLE:
		return alert->title;
	case SILENCE_RULE:
		return alert->rule;
	case SILENCE_SERVICE:
		return alert->service;
	case SILENCE_FIELDS:
		break;
	}
	return (struct slice){ NULL, 0 };
}

bool
silence_matches(const struct silence *silence, const struct alert *alert)
{
	for (size_t i = 0; i < silence->matcher_count; i++) {
		const struct silence_matcher *matcher = silence->matchers + i;
		struct slice value = value_of(alert, matcher->field);

		if (value.data == NULL || !glob_fits(matcher->value, value))
			return false;
	}
	return true;
}

bool
silence_may_be_critical(const struct silence *silence)
{
	for (size_t i = 0; i < silence->matcher_count; i++)
		if (silence->matchers[i].field == SILENCE_SEVERITY &&
		    !glob_fits(silence->matchers[i].value,
			slice_of(rule_severities[RULE_CRITICAL])))
			return false;
	return true;
}
