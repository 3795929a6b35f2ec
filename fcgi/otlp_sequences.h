/* Which of a session's log records came: Claude Code numbers them
 * (event.sequence), so what is missing can be known. */
#ifndef FCGI_OTLP_SEQUENCES_H
#define FCGI_OTLP_SEQUENCES_H

#include "base/arena.h"
#include "base/json_writer.h"
#include "fcgi/otlp_record.h"

enum {
	/* Of one request; what is beyond them is not told. */
	OTLP_SEQUENCES_SESSIONS = 64,
	OTLP_SEQUENCES_RANGES = 64, /* of one session */
};

struct otlp_sequences;

/* Ids of sessions are kept in `arena`. */
struct otlp_sequences *otlp_sequences_new(struct arena *arena);
void otlp_sequences_free(struct otlp_sequences *sequences);

/* Note the record's number, if it has one. */
void otlp_sequences_take(
    struct otlp_sequences *sequences, const struct otlp_record *record);

/* Append, between the brackets of an array, an object of each session:
 * {"session_id":…,"ranges":[1,5,7,9]}, the first and the last of each run that
 * has no gap. */
void otlp_sequences_write(
    const struct otlp_sequences *sequences, struct json_writer *json);

#endif
