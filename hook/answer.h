/* What the hook prints for the agent, in the agent's own words: pure. */
#ifndef HOOK_ANSWER_H
#define HOOK_ANSWER_H

#include "hook/event.h"

enum answer_verdict {
	ANSWER_NOTHING, /* the agent's own rules decide */
	ANSWER_ASK,	/* a person is to be asked */
	ANSWER_DENY,
};

/* Has the agent a way to ask a person when a hook wants that? If not, such a
 * call is denied. */
bool answer_can_ask(const struct event *event);

/* Append the answer to an event before a tool call, '\n' included; nothing for
 * ANSWER_NOTHING. Returns the exit code that goes with it: 0, and it is for
 * standard output; 2, and it is for standard error. */
int answer_write(const struct event *event, enum answer_verdict verdict,
    struct slice reason, struct buf *out);

#endif
