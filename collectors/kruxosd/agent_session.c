#include "collectors/kruxosd/agent_session.h"

#include "base/cleanup.h"
#include "base/json_writer.h"
#include "base/memory.h"

const struct command_arg agent_session_start_args[] = {
	{ "session_id", COMMAND_STRING, NULL },
	{ "request", COMMAND_OBJECT, NULL },
	{ "address", COMMAND_STRING, NULL },
	{ 0 },
};

const struct command_arg agent_session_end_args[] = {
	{ "session_id", COMMAND_STRING, "which session" },
	{ "reason", COMMAND_STRING, NULL },
	{ "address", COMMAND_STRING, NULL },
	{ 0 },
};

const struct command_arg agent_session_self_args[] = {
	{ "capabilities", COMMAND_STRINGS, NULL },
	{ "address", COMMAND_STRING, NULL },
	{ 0 },
};

/* --- sessions ------------------------------------------------------------- */

/* One that begins or ends, until its entry is durable. */
struct turn {
	struct command_call *call;
	char session_id[ENTRY_NAME_BYTES + 1];
	struct error refusal; /* when it is recorded; ERROR_NONE: done */
};

static void
answer(struct turn *turn, uint64_t seq)
{
	cleanup(buf_free) struct buf text = BUF_INIT;
	struct json_writer json;

	json_writer_init(&json, &text);
	json_writer_object(&json);
	json_writer_pair(&json, "session_id", turn->session_id);
	json_writer_pair_u64(&json, "seq", seq);
	json_writer_end_object(&json);
	command_ok(turn->call, buf_slice(&text));
}

static void
on_commit(void *context, uint64_t tag, uint64_t seq, const struct error *err)
{
	struct turn *turn = context;

	(void)tag;
	if (turn->refusal.code != ERROR_NONE)
		command_refuse(turn->call, &turn->refusal);
	else if (err != NULL)
		command_fail(turn->call, err);
	else
		answer(turn, seq);
	free(turn);
}

/* A session by a name that is none is not recorded as one. */
static int
add_refusal(const struct invocation_parts *parts, struct turn *turn,
    const struct commit_waiter *waiter, struct error *err)
{
	struct entry entry = command_entry(turn->call);
	cleanup(buf_free) struct buf request = BUF_INIT;

	entry.capability = SLICE_LITERAL("gateway.request");
	entry.status = ENTRY_ERROR;
	entry.decider = ENTRY_BY_NONE;
	buf_addf(&request, "{\"command\":\"%s\"}", turn->call->verb);
	return commit_add_json(parts->commit, &entry, turn->refusal.sentence,
	    buf_slice(&request), waiter, NULL, err);
}

static int
add_turn(const struct invocation_parts *parts, const struct turn *turn,
    const struct commit_waiter *waiter, struct error *err)
{
	const struct command_call *call = turn->call;
	struct commit_entry entry = {
		.entry = command_entry(call),
		.reader = call->reader,
		.summary = command_argument(call, "reason"),
		.request = command_argument(call, "request"),
	};

	entry.entry.session_id = slice_of(turn->session_id);
	entry.entry.capability = slice_of(call->verb);
	return commit_add(parts->commit, &entry, waiter, NULL, err);
}

static void
record(const struct invocation_parts *parts, struct turn *turn)
{
	struct commit_waiter waiter = { on_commit, turn, 0 };
	struct error err;
	int result = turn->refusal.code != ERROR_NONE
			 ? add_refusal(parts, turn, &waiter, &err)
			 : add_turn(parts, turn, &waiter, &err);

	if (result == -1)
		on_commit(turn, 0, 0, &err);
}

/* The argument "session_id", or one that is made. */
static void
read_session(struct turn *turn)
{
	struct slice id = command_text(turn->call, "session_id");
	char made[CREDENTIAL_NAME_SIZE];

	if (id.data == NULL) {
		credential_make_name("sess-", made);
		id = slice_of(made);
	}
	if (entry_is_name(id))
		snprintf(turn->session_id, sizeof(turn->session_id), "%.*s",
		    SLICE_ARG(id));
	else
		error_set_field(&turn->refusal, ERROR_OUT_OF_RANGE,
		    "session_id",
		    "session_id: 1 to %d of A-Z a-z 0-9 . _ : @ / + -, not "
		    "beginning with -",
		    ENTRY_NAME_BYTES);
}

/* session.start and session.end are the names of their entries, too. */
void
agent_session_command(
    const struct invocation_parts *parts, struct command_call *call)
{
	struct turn *turn = memory_new(sizeof(*turn));

	turn->call = call;
	read_session(turn);
	record(parts, turn);
}

/* --- who am I? ------------------------------------------------------------ */

static void
write_tiers(const struct invocation_parts *parts,
    const struct command_call *call, struct json_writer *json)
{
	const struct json_node *list = command_argument(call, "capabilities");
	const struct json_reader *reader = call->reader;
	const struct json_node *item;

	item = list == NULL ? NULL : json_reader_first(reader, list);
	for (; item != NULL; item = json_reader_next(reader, list, item)) {
		struct policy_decision decision;

		policy_keeper_decide(
		    parts->policy, call->peer.user_name, item->text, &decision);
		json_writer_text(json, entry_tier_name(decision.tier));
	}
}

/* Nothing happens by it, so there is no entry. */
void
agent_session_self_command(
    const struct invocation_parts *parts, struct command_call *call)
{
	cleanup(buf_free) struct buf text = BUF_INIT;
	struct json_writer json;

	json_writer_init(&json, &text);
	json_writer_object(&json);
	json_writer_pair_slice(&json, "name", call->peer.user_name);
	json_writer_key(&json, "policy_tiers");
	json_writer_array(&json);
	write_tiers(parts, call, &json);
	json_writer_end_array(&json);
	json_writer_end_object(&json);
	command_ok(call, buf_slice(&text));
}
