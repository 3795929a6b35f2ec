#include "collectors/kruxosd/otlp_recorder.h"

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/json_writer.h"
#include "base/memory.h"
#include "base/number.h"
#include "door/field.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define AT(member)   offsetof(struct message, member)

const struct command_arg otlp_record_args[] = {
	{ "calls", COMMAND_OBJECTS, "the tool calls that were told of" },
	{ "sequences", COMMAND_OBJECTS, NULL },
	{ "address", COMMAND_STRING, NULL }, /* of who sent it */
	{ 0 },
};

struct otlp_recorder {
	struct otlp_recorder_parts parts;
	struct message_parser parser; /* of what stands in names, for errors */
	otlp_recorder_on_sequence on_sequence; /* NULL: nobody hears */
	void *context;
};

/* One command, while its entries are on their way. */
struct request {
	struct otlp_recorder *recorder;
	struct command_call *call;
	uint64_t waiting; /* and one for who still adds to it */
	uint64_t recorded, known, refused;
	struct error err; /* why nothing can be recorded; code 0: it can */
};

struct otlp_recorder *
otlp_recorder_new(const struct otlp_recorder_parts *parts)
{
	struct otlp_recorder *recorder = memory_new(sizeof(*recorder));

	recorder->parts = *parts;
	recorder->parser = (struct message_parser)MESSAGE_PARSER_INIT;
	return recorder;
}

void
otlp_recorder_free(struct otlp_recorder *recorder)
{
	if (recorder == NULL)
		return;
	message_parser_free(&recorder->parser);
	free(recorder);
}

void
otlp_recorder_set_listener(struct otlp_recorder *recorder,
    otlp_recorder_on_sequence on_sequence, void *context)
{
	recorder->on_sequence = on_sequence;
	recorder->context = context;
}

/* --- answers -------------------------------------------------------------- */

static void
answer(struct request *request)
{
	cleanup(buf_free) struct buf text = BUF_INIT;
	struct json_writer json;

	json_writer_init(&json, &text);
	json_writer_object(&json);
	json_writer_pair_u64(&json, "recorded", request->recorded);
	json_writer_pair_u64(&json, "known", request->known);
	json_writer_pair_u64(&json, "refused", request->refused);
	json_writer_end_object(&json);
	command_ok(request->call, buf_slice(&text));
}

/* One less to wait for. What was recorded before something failed is known when
 * all of it is sent again. */
static void
settle(struct request *request)
{
	if (--request->waiting > 0)
		return;
	if (request->err.code != ERROR_NONE)
		command_fail(request->call, &request->err);
	else
		answer(request);
	free(request);
}

/* `tag` 0: the entry is another one, which tells the same. */
static void
on_commit(void *context, uint64_t tag, uint64_t seq, const struct error *err)
{
	struct request *request = context;
	const struct otlp_recorder_parts *parts = &request->recorder->parts;

	outcomes_end(parts->outcomes, (unsigned)tag, seq,
	    commit_head(parts->commit)->recorded_at);
	if (err != NULL)
		request->err = *err;
	else if (tag == 0)
		request->known++;
	else
		request->recorded++;
	settle(request);
}

/* --- a call --------------------------------------------------------------- */

enum call_field {
	TIME,
	SESSION_ID,
	CALL_ID,
	TRACE_ID,
	CAPABILITY,
	DECIDED_BY,
	STATUS,
	DURATION_MS,
	REQUEST,
	CALL_FIELDS
};

/* As fcgi/otlp_call.c writes them. */
static const struct field fields[CALL_FIELDS] = {
	[TIME] = { "time", FIELD_TIME, AT(entry.time) },
	[SESSION_ID] = { "session_id", FIELD_NAME, AT(entry.session_id) },
	[CALL_ID] = { "call_id", FIELD_NAME, AT(entry.call_id) },
	[TRACE_ID] = { "trace_id", FIELD_NAME, AT(entry.trace_id) },
	[CAPABILITY] = { "capability", FIELD_CAPABILITY, AT(entry.capability) },
	[DECIDED_BY] = { "decided_by", FIELD_WORD, AT(entry.decider),
	    &field_deciders },
	[STATUS] = { "status", FIELD_WORD, AT(entry.status), &field_statuses },
	[DURATION_MS] = { "duration_ms", FIELD_DURATION,
	    AT(entry.duration_ms) },
	[REQUEST] = { "request", FIELD_OBJECT, AT(request) },
};

static const struct field *
find_field(struct slice key)
{
	for (size_t i = 0; i < COUNT(fields); i++)
		if (slice_is(key, fields[i].key))
			return &fields[i];
	return NULL;
}

static int
read_members(struct otlp_recorder *recorder, const struct json_reader *reader,
    const struct json_node *top, struct message *ret, unsigned *ret_seen,
    struct error *err)
{
	for (const struct json_node *node = json_reader_first(reader, top);
	     node != NULL; node = json_reader_next(reader, top, node)) {
		const struct field *field = find_field(node->key);

		if (field == NULL)
			return field_unknown(
			    &recorder->parser, node->key, "a call", err);
		if (field_read(&recorder->parser, field, node, ret, err) == -1)
			return -1;
		*ret_seen |= 1U << (field - fields);
	}
	return 0;
}

/* A producer's rights, as far as the capability goes: whoever has an agent's
 * token writes in that agent's name. */
static int
check_rights(struct entry *entry, struct error *err)
{
	static const struct message_peer producer = { .classes =
							  MESSAGE_PRODUCER };

	if (entry->status == ENTRY_PENDING)
		return error_set_field(err, ERROR_OUT_OF_RANGE, "status",
		    "status: a call is told of when it has ended");
	return message_check_rights(&producer, entry, err);
}

static int
read_call(struct request *request, const struct json_node *top,
    struct message *ret, struct error *err)
{
	static const enum call_field needed[] = { CALL_ID, CAPABILITY, STATUS };
	struct otlp_recorder *recorder = request->recorder;
	unsigned seen = 0;

	*ret = (struct message){ .entry = command_entry(request->call) };
	ret->entry.source = ENTRY_OTLP;
	if (read_members(
		recorder, request->call->reader, top, ret, &seen, err) == -1)
		return -1;
	for (size_t i = 0; i < COUNT(needed); i++)
		if ((seen & 1U << needed[i]) == 0)
			return field_missing(fields[needed[i]].key, err);
	if ((seen & 1U << TIME) != 0)
		message_clamp_time(
		    &ret->entry, clock_realtime(recorder->parts.clock));
	return check_rights(&ret->entry, err);
}

/* Into the batch, be it full: one command is one batch, and has a bound. */
static int
add(const struct otlp_recorder_parts *parts, const struct request *request,
    const struct message *message, const struct commit_waiter *waiter,
    uint64_t *ret_ticket, struct error *err)
{
	struct commit_entry entry = {
		.entry = message->entry,
		.reader = request->call->reader,
		.request = message->request,
	};

	if (commit_add(parts->commit, &entry, waiter, ret_ticket, err) == 0)
		return 0;
	if (err->code != ERROR_BUSY)
		return -1;
	return commit_add_json(parts->commit, &message->entry, NULL,
	    message->request == NULL ? (struct slice){ NULL, 0 }
				     : message->request->text,
	    waiter, ret_ticket, err);
}

/* A call that was told of before: what waits for its sync is waited for. */
static void
take_known(struct request *request, const struct recent_match *match)
{
	struct commit_waiter waiter = { on_commit, request, 0 };
	struct error ignored = { 0 };

	if (match->seq != 0 || commit_add_again(request->recorder->parts.commit,
				   match->ticket, &waiter, &ignored) == -1)
		request->known++;
	else
		request->waiting++;
}

/* Is it one that a hook told of, by an id of the hook's own? */
static bool
is_unnamed(const struct request *request, const struct message *message)
{
	const struct json_reader *reader = request->call->reader;
	const struct json_node *arguments =
	    message->request == NULL
		? NULL
		: json_reader_member(reader, message->request, "arguments");

	return unnamed_calls_is_made(message->entry.call_id) &&
	       unnamed_calls_take(
		   outcomes_unnamed(request->recorder->parts.outcomes),
		   &message->entry, reader, arguments);
}

static void
take_call(struct request *request, const struct message *message)
{
	static const struct slice none = { NULL, 0 };
	const struct otlp_recorder_parts *parts = &request->recorder->parts;
	usec_t now = clock_realtime(parts->clock);
	struct commit_waiter waiter = { on_commit, request, 1 };
	struct recent_match match;
	struct error err = { 0 };
	uint64_t ticket = 0;

	if (outcomes_look(
		parts->outcomes, &message->entry, none, now, &match)) {
		take_known(request, &match);
		return;
	}
	if (is_unnamed(request, message)) {
		request->known++;
		return;
	}
	if (add(parts, request, message, &waiter, &ticket, &err) == -1) {
		request->err = err;
		return;
	}
	request->waiting++;
	outcomes_begin(parts->outcomes, &message->entry, none, now, ticket);
}

/* --- sequences ------------------------------------------------------------ */

static int
read_number(const struct json_node *node, uint64_t *ret)
{
	if (node == NULL || node->type != JSON_NUMBER)
		return -1;
	return number_parse_u64(node->text, 0, UINT32_MAX, ret);
}

/* {"session_id":…,"ranges":[1,5,7,9]}; what is none is passed over. */
static void
take_sequence(struct request *request, const struct json_node *top)
{
	const struct otlp_recorder *recorder = request->recorder;
	const struct json_reader *reader = request->call->reader;
	const struct json_node *session =
	    json_reader_member(reader, top, "session_id");
	const struct json_node *ranges =
	    json_reader_member(reader, top, "ranges");
	const struct json_node *node;
	uint64_t first, last;

	if (recorder->on_sequence == NULL || session == NULL ||
	    ranges == NULL || ranges->type != JSON_ARRAY ||
	    session->type != JSON_STRING || !entry_is_name(session->text))
		return;
	node = json_reader_first(reader, ranges);
	while (node != NULL && read_number(node, &first) == 0) {
		node = json_reader_next(reader, ranges, node);
		if (read_number(node, &last) == -1 || last < first)
			return;
		recorder->on_sequence(recorder->context,
		    request->call->peer.user_name, session->text, first, last);
		node = json_reader_next(reader, ranges, node);
	}
}

static void
take_sequences(struct request *request)
{
	const struct json_reader *reader = request->call->reader;
	const struct json_node *list =
	    command_argument(request->call, "sequences");
	const struct json_node *node =
	    list == NULL ? NULL : json_reader_first(reader, list);

	for (; node != NULL; node = json_reader_next(reader, list, node))
		take_sequence(request, node);
}

/* --- the command ---------------------------------------------------------- */

static void
take_calls(struct request *request)
{
	const struct json_reader *reader = request->call->reader;
	const struct json_node *list = command_argument(request->call, "calls");
	struct error why;

	for (const struct json_node *node = json_reader_first(reader, list);
	     node != NULL && request->err.code == ERROR_NONE;
	     node = json_reader_next(reader, list, node)) {
		struct message message;

		if (read_call(request, node, &message, &why) == 0)
			take_call(request, &message);
		else
			request->refused++;
	}
	if (request->refused > 0)
		diag(DIAG_WARNING,
		    "otlp.record of %.*s: %llu calls were refused: %s",
		    SLICE_ARG(request->call->peer.user_name),
		    (unsigned long long)request->refused, why.sentence);
}

void
otlp_record_command(struct otlp_recorder *recorder, struct command_call *call)
{
	struct request *request = memory_new(sizeof(*request));

	*request = (struct request){
		.recorder = recorder,
		.call = call,
		.waiting = 1,
	};
	take_calls(request);
	take_sequences(request);
	settle(request);
}
