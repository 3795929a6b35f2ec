#include "store/alert.h"

static const char *const states[ALERT_STATES] = {
	[ALERT_PENDING] = "pending",
	[ALERT_FIRING] = "firing",
	[ALERT_RESOLVED] = "resolved",
};

static const char *const events[ALERT_EVENTS] = {
	[ALERT_BEGIN] = "begin",
	[ALERT_DROP] = "drop",
	[ALERT_FIRE] = "fire",
	[ALERT_REPEAT] = "repeat",
	[ALERT_RESOLVE] = "resolve",
	[ALERT_ACKNOWLEDGE] = "acknowledge",
	[ALERT_SILENCE] = "silence",
	[ALERT_UNSILENCE] = "unsilence",
};

const char *
alert_state_name(enum alert_state state)
{
	return states[state];
}

int
alert_state_of(struct slice name)
{
	for (int i = 0; i < ALERT_STATES; i++)
		if (slice_is(name, states[i]))
			return i;
	return -1;
}

const char *
alert_event_name(enum alert_event event)
{
	return events[event];
}

struct slice
alert_source(const struct alert *alert)
{
	return alert->rule.data != NULL ? SLICE_LITERAL("rule")
					: SLICE_LITERAL("agent");
}
