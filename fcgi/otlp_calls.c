#include "fcgi/otlp_calls.h"

#include "base/memory.h"
#include "base/sha256.h"
#include "fcgi/otlp_sequences.h"

#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What a record tells of a call. */
enum role {
	NOTHING,
	RESULT,	  /* all of it, with its end */
	WEAK,	  /* the same, with less: another record may say more */
	DEFERRED, /* all but its end, which spans below this one tell */
	OUTCOME,  /* the end of the call whose span is this one's parent */
	DECISION, /* whether it may run */
};

/* The first row that fits counts. Gemini CLI's spans (tool_call) are not here:
 * each has a log record that says more, and they have no id in common. */
static const struct {
	enum otlp_signal signal;
	enum otlp_field field; /* OTLP_FIELDS: the span's name */
	const char *value;
	enum role role;
} kinds[] = {
	{ OTLP_LOGS, OTLP_EVENT, "tool_result", RESULT },
	{ OTLP_LOGS, OTLP_EVENT, "claude_code.tool_result", RESULT },
	{ OTLP_LOGS, OTLP_EVENT, "codex.tool_result", RESULT },
	{ OTLP_LOGS, OTLP_EVENT, "gemini_cli.tool_call", RESULT },
	{ OTLP_LOGS, OTLP_EVENT, "tool_decision", DECISION },
	{ OTLP_LOGS, OTLP_EVENT, "claude_code.tool_decision", DECISION },
	{ OTLP_LOGS, OTLP_EVENT, "codex.tool_decision", DECISION },
	{ OTLP_TRACES, OTLP_SPAN_TYPE, "tool", DEFERRED },
	{ OTLP_TRACES, OTLP_SPAN_TYPE, "tool.execution", OUTCOME },
	{ OTLP_TRACES, OTLP_SPAN_TYPE, "tool.blocked_on_user", OUTCOME },
	{ OTLP_TRACES, OTLP_OPERATION, "execute_tool", RESULT },
	{ OTLP_TRACES, OTLP_SPAN_KIND, "ai.toolCall", RESULT },
	{ OTLP_TRACES, OTLP_SPAN_KIND, "TOOL", RESULT },
	{ OTLP_TRACES, OTLP_SPAN_KIND, "tool", RESULT },
	{ OTLP_TRACES, OTLP_FIELDS, "Tool.execute", WEAK },
};

/* What is known of one call, or of what lies below one span. */
struct item {
	struct slice key;
	uint64_t hash;
	struct otlp_call *call; /* NULL: nobody has told of it as a whole */
	enum role role;		/* of who told */
	struct slice span_key;	/* of a call: where its end may be told */
	bool is_denied;
	bool has_success, is_success;
	enum entry_decider decider;
};

struct otlp_calls {
	struct arena arena;
	struct otlp_call_maker *maker;
	struct otlp_sequences *sequences;
	struct sha256 *sha256;
	struct buf key;

	struct item *items;
	size_t count, capacity;
	uint32_t *places; /* by hash: their number plus 1; 0 is free */
	size_t mask;	  /* places - 1 */

	const struct otlp_call **calls; /* once all is known */
	size_t calls_count, calls_capacity;
};

enum { FIRST_PLACES = 64 };

struct otlp_calls *
otlp_calls_new(void)
{
	struct otlp_calls *calls = memory_new(sizeof(*calls));

	*calls = (struct otlp_calls){
		.arena = ARENA_INIT,
		.key = BUF_INIT,
		.sha256 = sha256_new(),
		.places = memory_new(FIRST_PLACES * sizeof(uint32_t)),
		.mask = FIRST_PLACES - 1,
	};
	calls->maker = otlp_call_maker_new(&calls->arena);
	calls->sequences = otlp_sequences_new(&calls->arena);
	return calls;
}

void
otlp_calls_free(struct otlp_calls *calls)
{
	if (calls == NULL)
		return;
	otlp_call_maker_free(calls->maker);
	otlp_sequences_free(calls->sequences);
	arena_free(&calls->arena);
	buf_free(&calls->key);
	sha256_free(calls->sha256);
	free(calls->items);
	free(calls->places);
	free(calls->calls);
	free(calls);
}

/* --- by key --------------------------------------------------------------- */

static uint32_t *
place_of(const struct otlp_calls *calls, struct slice key, uint64_t hash)
{
	size_t place = hash & calls->mask;

	while (calls->places[place] != 0) {
		const struct item *item =
		    &calls->items[calls->places[place] - 1];

		if (item->hash == hash && slice_equal(item->key, key))
			break;
		place = (place + 1) & calls->mask;
	}
	return &calls->places[place];
}

static void
grow_places(struct otlp_calls *calls)
{
	free(calls->places);
	calls->mask = 2 * calls->mask + 1;
	calls->places = memory_new((calls->mask + 1) * sizeof(uint32_t));
	for (size_t i = 0; i < calls->count; i++)
		*place_of(calls, calls->items[i].key, calls->items[i].hash) =
		    (uint32_t)i + 1;
}

/* A hash that nobody can choose keys for. */
static uint64_t
hash_of(const struct otlp_calls *calls, struct slice key)
{
	unsigned char digest[SHA256_BYTES];
	uint64_t hash;

	sha256_digest(calls->sha256, key, digest);
	memcpy(&hash, digest, sizeof(hash));
	return hash;
}

/* The item of `key`, a new one if there is none. Good until the next. */
static struct item *
item_of(struct otlp_calls *calls, struct slice key)
{
	uint64_t hash = hash_of(calls, key);
	uint32_t *place = place_of(calls, key, hash);

	if (*place != 0)
		return &calls->items[*place - 1];
	calls->items = memory_grow(calls->items, &calls->capacity,
	    calls->count + 1, sizeof(calls->items[0]));
	calls->items[calls->count++] = (struct item){
		.key = arena_slice(&calls->arena, key),
		.hash = hash,
		.decider = ENTRY_UNDECIDED,
	};
	*place = (uint32_t)calls->count;
	if (2 * calls->count > calls->mask)
		grow_places(calls);
	return &calls->items[calls->count - 1];
}

static struct item *
item_if_known(const struct otlp_calls *calls, struct slice key)
{
	uint32_t place;

	if (key.data == NULL)
		return NULL;
	place = *place_of(calls, key, hash_of(calls, key));
	return place == 0 ? NULL : &calls->items[place - 1];
}

/* In the calls' own buf. */
static struct slice
call_key(struct otlp_calls *calls, const struct otlp_call *call)
{
	buf_reset(&calls->key);
	buf_add_str(&calls->key, "call");
	buf_add_char(&calls->key, '\0'); /* in no name */
	buf_add_slice(&calls->key, call->session_id);
	buf_add_char(&calls->key, '\0');
	buf_add_slice(&calls->key, call->call_id);
	return buf_slice(&calls->key);
}

static struct slice
span_key(struct otlp_calls *calls, struct slice trace_id, struct slice span_id)
{
	buf_reset(&calls->key);
	buf_add_str(&calls->key, "span");
	buf_add_char(&calls->key, '\0');
	buf_add_slice(&calls->key, trace_id);
	buf_add_char(&calls->key, '\0');
	buf_add_slice(&calls->key, span_id);
	return buf_slice(&calls->key);
}

/* --- taking records ------------------------------------------------------- */

static enum role
role_of(const struct otlp_record *record)
{
	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct slice word =
		    kinds[i].field == OTLP_FIELDS
			? record->name
			: otlp_record_text(record, kinds[i].field);

		if (kinds[i].signal == record->signal &&
		    slice_is(word, kinds[i].value))
			return kinds[i].role;
	}
	return NOTHING;
}

/* The one that tells more, of two records about one call; of two that tell as
 * much, the first. */
static bool
tells_more(enum role role, const struct item *item)
{
	return item->call == NULL ||
	       (role != WEAK && role != DECISION &&
		   (item->role == WEAK || item->role == DECISION));
}

static void
take_call(
    struct otlp_calls *calls, const struct otlp_record *record, enum role role)
{
	struct otlp_call *call;
	struct item *item;
	struct slice key = { NULL, 0 };

	if (otlp_record_text(record, OTLP_TOOL).len == 0)
		return;
	call = otlp_call_new(calls->maker, record);
	if (role == DEFERRED)
		key = arena_slice(&calls->arena,
		    span_key(calls, record->trace_id, record->span_id));
	item = item_of(calls, call_key(calls, call));
	if (!tells_more(role, item))
		return;
	item->call = call;
	item->role = role;
	item->span_key = key;
}

/* That a call may run is told before it does: kept for its end. That it may not
 * is all that is told of it. */
static void
take_decision(struct otlp_calls *calls, const struct otlp_record *record)
{
	struct otlp_call probe = {
		.session_id = otlp_call_name(
		    calls->maker, otlp_record_text(record, OTLP_SESSION)),
		.call_id = otlp_call_name(
		    calls->maker, otlp_record_text(record, OTLP_CALL)),
	};

	if (probe.call_id.data == NULL)
		return;
	if (otlp_call_is_denial(record)) {
		take_call(calls, record, DECISION);
		item_of(calls, call_key(calls, &probe))->is_denied = true;
	}
	item_of(calls, call_key(calls, &probe))->decider =
	    otlp_call_decider(record);
}

static void
take_outcome(struct otlp_calls *calls, const struct otlp_record *record)
{
	const struct otlp_value *success = &record->values[OTLP_SUCCESS];
	struct item *item = item_of(
	    calls, span_key(calls, record->trace_id, record->parent_span_id));

	if (success->type != OTLP_NONE) {
		item->has_success = true;
		item->is_success = !otlp_call_is_false(success);
	}
	if (otlp_call_is_denial(record))
		item->is_denied = true;
	if (otlp_call_decider(record) != ENTRY_UNDECIDED)
		item->decider = otlp_call_decider(record);
}

void
otlp_calls_take(void *context, const struct otlp_record *record)
{
	struct otlp_calls *calls = context;
	enum role role = role_of(record);

	otlp_sequences_take(calls->sequences, record);
	switch (role) {
	case NOTHING:
		break;
	case RESULT:
	case WEAK:
	case DEFERRED:
		take_call(calls, record, role);
		break;
	case OUTCOME:
		take_outcome(calls, record);
		break;
	case DECISION:
		take_decision(calls, record);
		break;
	}
}

/* --- the end -------------------------------------------------------------- */

static void
deny(struct otlp_call *call)
{
	call->status = ENTRY_DENIED;
	call->duration = (struct slice){ NULL, 0 };
}

/* What other records have told of a call's end. False: it was left to them, and
 * they have not: they come with another request, or nobody sends them. */
static bool
complete(const struct otlp_calls *calls, const struct item *item)
{
	const struct item *below = item_if_known(calls, item->span_key);
	struct otlp_call *call = item->call;

	if (call->decider == ENTRY_UNDECIDED)
		call->decider = item->decider;
	if (item->role == DECISION)
		deny(call);
	if (item->role != DEFERRED)
		return true;
	if (below == NULL || (!below->has_success && !below->is_denied))
		return false;
	if (below->decider != ENTRY_UNDECIDED)
		call->decider = below->decider;
	if (below->is_denied)
		deny(call);
	else if (!below->is_success)
		call->status = ENTRY_ERROR;
	return true;
}

void
otlp_calls_finish(struct otlp_calls *calls)
{
	for (size_t i = 0; i < calls->count; i++) {
		const struct item *item = &calls->items[i];

		if (item->call == NULL || !complete(calls, item))
			continue;
		calls->calls = memory_grow(calls->calls, &calls->calls_capacity,
		    calls->calls_count + 1, sizeof(calls->calls[0]));
		calls->calls[calls->calls_count++] = item->call;
	}
}

size_t
otlp_calls_count(const struct otlp_calls *calls)
{
	return calls->calls_count;
}

const struct otlp_call *
otlp_calls_at(const struct otlp_calls *calls, size_t index)
{
	return calls->calls[index];
}

/* --- as a command has it -------------------------------------------------- */

/* What stands around a call's request, at most. */
enum { AROUND_BYTES = 1024 };

size_t
otlp_calls_write(const struct otlp_calls *calls, size_t first, size_t max_bytes,
    struct json_writer *json)
{
	size_t begun = json->out->len;
	size_t next = first;

	while (next < calls->calls_count) {
		const struct otlp_call *call = calls->calls[next];

		if (next > first &&
		    json->out->len - begun + AROUND_BYTES + call->request.len >
			max_bytes)
			break;
		otlp_call_write(call, json);
		next++;
	}
	return next;
}

void
otlp_calls_write_sequences(
    const struct otlp_calls *calls, struct json_writer *json)
{
	otlp_sequences_write(calls->sequences, json);
}
