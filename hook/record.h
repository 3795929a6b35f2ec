/* An entry's line of what an event says: pure. */
#ifndef HOOK_RECORD_H
#define HOOK_RECORD_H

#include "base/clock.h"
#include "hook/event.h"
#include "log/entry.h"

/* What stands in the entry beside what the event itself says. Names and ids are
 * good ones (entry_add_name()); {NULL, 0}, or empty: left out. */
struct record {
	usec_t time;
	struct slice agent_name;
	struct slice session_id;
	struct slice call_id;
	struct slice parent_call_id;
	struct slice capability;
	enum entry_tier tier;
	enum entry_decider decider;
	enum entry_status status;
	struct slice duration_ms; /* digits */
	struct slice summary;
	struct slice policy;	/* the line that decides */
	struct slice waited_ms; /* for a person; digits */
	bool is_slower;		/* duration_ms contains waiting for a person */
};

/* Append the line, without its '\n', of at most MESSAGE_LINE_BYTES: strings of
 * the request are cut where it would be longer. */
void record_write(
    const struct record *record, const struct event *event, struct buf *out);

#endif
