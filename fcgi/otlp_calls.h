/* The tool calls in the log records and spans of one request.
 *
 * Which records are about a call is the table of kinds in otlp_calls.c; by
 * which names its parts go is that of otlp_record.c.
 *
 * A call may be told of by several records of a request: a decision and a
 * result, two spans of two libraries, spans below its own. Together they are
 * one call. Records are taken one by one, and what comes of them is complete
 * once all have been (otlp_calls_finish()).
 *
 * Whether a call is known already, the daemon knows: here is nothing but this
 * request.
 */
#ifndef FCGI_OTLP_CALLS_H
#define FCGI_OTLP_CALLS_H

#include "fcgi/otlp_call.h"

struct otlp_calls;

struct otlp_calls *otlp_calls_new(void);
void otlp_calls_free(struct otlp_calls *calls);

/* Is the record about a call? If so, take it. `context` is the calls: the
 * function is an otlp_record_on_read. */
void otlp_calls_take(void *context, const struct otlp_record *record);

/* All have been taken. */
void otlp_calls_finish(struct otlp_calls *calls);

size_t otlp_calls_count(const struct otlp_calls *calls);
const struct otlp_call *
otlp_calls_at(const struct otlp_calls *calls, size_t index);

/* Append, between the brackets of an array, the calls from the one numbered
 * `first` on, as `otlp.record` takes them (docs/door.md), while no more than
 * `max_bytes` are written; at least one. Returns the number of the next. */
size_t otlp_calls_write(const struct otlp_calls *calls, size_t first,
    size_t max_bytes, struct json_writer *json);

/* Append, likewise, which records came of sessions that number them
 * (otlp_sequences.h). */
void otlp_calls_write_sequences(
    const struct otlp_calls *calls, struct json_writer *json);

#endif
