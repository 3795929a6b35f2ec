#include "fcgi/otlp_sequences.h"

#include "base/memory.h"
#include "base/number.h"
#include "log/entry.h"

#include <stdlib.h>

struct range {
	uint64_t first, last;
};

struct session {
	struct slice id;
	struct range ranges[OTLP_SEQUENCES_RANGES];
	size_t count;
};

struct otlp_sequences {
	struct arena *arena;
	struct session *sessions;
	size_t count, capacity;
};

struct otlp_sequences *
otlp_sequences_new(struct arena *arena)
{
	struct otlp_sequences *sequences = memory_new(sizeof(*sequences));

	sequences->arena = arena;
	return sequences;
}

void
otlp_sequences_free(struct otlp_sequences *sequences)
{
	if (sequences == NULL)
		return;
	free(sequences->sessions);
	free(sequences);
}

static struct session *
session_of(struct otlp_sequences *sequences, struct slice id)
{
	struct session *session = sequences->sessions;

	for (size_t i = 0; i < sequences->count; i++)
		if (slice_equal(session[i].id, id))
			return &session[i];
	if (sequences->count == OTLP_SEQUENCES_SESSIONS)
		return NULL;
	sequences->sessions =
	    memory_grow(sequences->sessions, &sequences->capacity,
		sequences->count + 1, sizeof(sequences->sessions[0]));
	session = &sequences->sessions[sequences->count++];
	session->id = arena_slice(sequences->arena, id);
	session->count = 0;
	return session;
}

/* Mostly the one behind the last. */
static void
add_number(struct session *session, uint64_t number)
{
	for (size_t i = session->count; i-- > 0;) {
		struct range *range = &session->ranges[i];

		if (number >= range->first && number <= range->last)
			return;
		if (number == range->last + 1) {
			range->last = number;
			return;
		}
	}
	if (session->count < OTLP_SEQUENCES_RANGES)
		session->ranges[session->count++] =
		    (struct range){ number, number };
}

void
otlp_sequences_take(
    struct otlp_sequences *sequences, const struct otlp_record *record)
{
	struct slice id = otlp_record_text(record, OTLP_SESSION);
	struct session *session;
	uint64_t number;

	if (record->signal != OTLP_LOGS || !entry_is_name(id) ||
	    number_parse_u64(otlp_record_text(record, OTLP_SEQUENCE), 0,
		UINT32_MAX, &number) == -1)
		return;
	session = session_of(sequences, id);
	if (session != NULL)
		add_number(session, number);
}

void
otlp_sequences_write(
    const struct otlp_sequences *sequences, struct json_writer *json)
{
	for (size_t i = 0; i < sequences->count; i++) {
		const struct session *session = &sequences->sessions[i];

		json_writer_object(json);
		json_writer_pair_slice(json, "session_id", session->id);
		json_writer_key(json, "ranges");
		json_writer_array(json);
		for (size_t j = 0; j < session->count; j++) {
			json_writer_u64(json, session->ranges[j].first);
			json_writer_u64(json, session->ranges[j].last);
		}
		json_writer_end_array(json);
		json_writer_end_object(json);
	}
}
