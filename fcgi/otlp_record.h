/* A log record or a span of OpenTelemetry, as far as we look at it, whatever it
 * came in: JSON (otlp_json.h) or protobuf (otlp_proto.h).
 *
 * Those who instrument agents name the same thing differently, and the
 * conventions have changed their names more than once. What each of their names
 * means is the one table of otlp_record.c; all else that a record says is left
 * out at once.
 */
#ifndef FCGI_OTLP_RECORD_H
#define FCGI_OTLP_RECORD_H

#include "base/slice.h"

#include <stdint.h>

enum otlp_signal {
	OTLP_LOGS,
	OTLP_TRACES,
	OTLP_METRICS, /* nothing of them is read */
};

enum otlp_field {
	OTLP_EVENT,	/* a log record's name */
	OTLP_OPERATION, /* what a span is about: execute_tool, chat, … */
	OTLP_SPAN_TYPE, /* the same, in the words of Claude Code */
	OTLP_SPAN_KIND, /* … of OpenInference, Traceloop, the AI SDK */
	OTLP_SESSION,
	OTLP_CALL, /* the call's id */
	OTLP_TOOL,
	OTLP_MCP_SERVER,
	OTLP_AGENT,
	OTLP_AGENT_ID,
	OTLP_ARGUMENTS,
	OTLP_OUTPUT,
	OTLP_METADATA,
	OTLP_SUCCESS,
	OTLP_DURATION, /* in ms */
	OTLP_DECISION,
	OTLP_DECIDER,
	OTLP_ERROR_TYPE,
	OTLP_ERROR,
	OTLP_MODE,
	OTLP_MODEL,
	OTLP_SEQUENCE, /* of a session's log records: 1, 2, 3, … */
	OTLP_FIELDS
};

enum otlp_type {
	OTLP_NONE,
	OTLP_STRING,
	OTLP_NUMBER, /* text: its digits */
	OTLP_TRUE,
	OTLP_FALSE,
	OTLP_JSON, /* text: an array or an object, as JSON */
};

struct otlp_value {
	enum otlp_type type;
	unsigned char rank; /* of the name that it came by; the lowest counts */
	struct slice text;
};

/* Its slices are good while it is looked at. */
struct otlp_record {
	enum otlp_signal signal;
	struct slice name; /* of a span */
	uint64_t begun_ns,
	    ended_ns;	       /* since 1970; of a log record, when it was */
	struct slice trace_id; /* hex, or {NULL, 0} */
	struct slice span_id, parent_span_id;
	bool has_failed; /* a span whose status is an error */
	struct otlp_value values[OTLP_FIELDS];
};

/* How many there were, and how many of them were too long to be read. */
struct otlp_counts {
	uint64_t records, rejected;
};

/* The record is good until this returns. */
typedef void (*otlp_record_on_read)(
    void *context, const struct otlp_record *record);

/* What the attribute `key` means: true, and the field, and the rank among the
 * names of that field. */
bool otlp_record_find(
    struct slice key, enum otlp_field *ret_field, unsigned char *ret_rank);

/* Take an attribute that otlp_record_find() knows, unless a better name has
 * given the field its value. */
void otlp_record_put(struct otlp_record *record, enum otlp_field field,
    unsigned char rank, enum otlp_type type, struct slice text);

/* The text of a field, whatever its type; {NULL, 0}: there is none. */
struct slice
otlp_record_text(const struct otlp_record *record, enum otlp_field field);

/* What `resource` says counts where the record itself says nothing. */
void otlp_record_inherit(
    struct otlp_record *record, const struct otlp_record *resource);

#endif
