/* A tool call, made of a log record or a span that tells of one.
 *
 * How a call ended is often not where one would look for it: what agents send
 * was recorded (tests/data/agents/), and what their words mean stands here.
 */
#ifndef FCGI_OTLP_CALL_H
#define FCGI_OTLP_CALL_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/json_writer.h"
#include "fcgi/otlp_record.h"
#include "log/entry.h"

enum {
	/* Text of a call that is kept; the log itself keeps 64 KiB of all. */
	OTLP_CALL_TEXT_BYTES = 96 << 10,
};

struct otlp_call {
	struct slice session_id; /* a name (entry.h), or {NULL, 0} */
	struct slice call_id;  /* a name; made of the record, if it has none */
	struct slice trace_id; /* a name, or {NULL, 0} */
	struct slice capability;
	enum entry_status status;
	enum entry_decider decider;
	usec_t time; /* when it ended; 0: unknown */
	struct slice
	    duration;	      /* in ms, as JSON writes it; {NULL, 0}: unknown */
	struct slice request; /* an object, as JSON on one line */
};

/* What making calls needs again and again. */
struct otlp_call_maker;

/* All that is made lies in `arena`, which outlives the maker. */
struct otlp_call_maker *otlp_call_maker_new(struct arena *arena);
void otlp_call_maker_free(struct otlp_call_maker *maker);

/* The call that `record` tells of, its status by what this record says. */
struct otlp_call *
otlp_call_new(struct otlp_call_maker *maker, const struct otlp_record *record);

/* What an id of somebody else's becomes as a name (entry_add_name()), so that
 * it is the one that a hook has told. {NULL, 0}: it is empty. */
struct slice otlp_call_name(struct otlp_call_maker *maker, struct slice text);

/* Who let it run or did not, says the record; ENTRY_UNDECIDED: it does not. */
enum entry_decider otlp_call_decider(const struct otlp_record *record);

/* Does it say that the call may not run? */
bool otlp_call_is_denial(const struct otlp_record *record);

/* false, or what is written so. */
bool otlp_call_is_false(const struct otlp_value *value);

/* Append it as `otlp.record` takes it (docs/door.md). */
void otlp_call_write(const struct otlp_call *call, struct json_writer *json);

#endif
