#include "collectors/kruxosd/agent_keeper_internal.h"

#include "collectors/kruxosd/approval_writer.h"

#include "base/cleanup.h"
#include "base/json_writer.h"

const struct command_arg agent_create_args[] = {
	{ "name", COMMAND_STRING, "what the agent is called" },
	{ "purpose", COMMAND_STRING, "what it is for" },
	{ 0 },
};

const struct command_arg agent_name_args[] = {
	{ "name", COMMAND_STRING, "which agent" },
	{ 0 },
};

/* --- reading -------------------------------------------------------------- */

static int
check_name(struct slice name, struct error *err)
{
	if (entry_is_name(name))
		return 0;
	return error_set_field(err, ERROR_OUT_OF_RANGE, "name",
	    "name: 1 to %d of A-Z a-z 0-9 . _ : @ / + -, not beginning with -",
	    ENTRY_NAME_BYTES);
}

static int
check_purpose(struct slice purpose, struct error *err)
{
	if (purpose.len == 0)
		return error_set_field(err, ERROR_OUT_OF_RANGE, "purpose",
		    "purpose: some words about what it is for");
	if (purpose.len > AGENT_PURPOSE_BYTES)
		return error_set_field(err, ERROR_TOO_LONG, "purpose",
		    "purpose has %zu bytes, more than %d", purpose.len,
		    AGENT_PURPOSE_BYTES);
	if (memchr(purpose.data, '\0', purpose.len) != NULL)
		return error_set_field(err, ERROR_OUT_OF_RANGE, "purpose",
		    "purpose: no character U+0000");
	return 0;
}

/* It must not be there yet, unless it is revoked: then it is another one of the
 * same name. */
static int
check_new(struct agent_keeper *keeper, struct slice name, struct error *err)
{
	const struct agent *agent;

	if (agent_keeper_need_loaded(keeper, err) == -1)
		return -1;
	agent = agent_keeper_find(keeper, name);
	if (agent != NULL && agent->row.revoked_at == 0)
		return error_set_field(err, ERROR_CONFLICT, "name",
		    "there is an agent of this name; rotate its token");
	if (agent == NULL && keeper->count >= AGENT_KEEPER_AGENTS)
		return error_set(err, ERROR_CONFLICT,
		    "there are %zu agents already", keeper->count);
	return 0;
}

static int
read_new(struct agent_keeper *keeper, const struct command_call *call,
    struct agent_row *row, struct error *err)
{
	struct slice name = command_text(call, "name");
	struct slice purpose = command_text(call, "purpose");

	if (check_name(name, err) == -1 || check_purpose(purpose, err) == -1 ||
	    check_new(keeper, name, err) == -1)
		return -1;
	snprintf(row->name, sizeof(row->name), "%.*s", SLICE_ARG(name));
	snprintf(
	    row->purpose, sizeof(row->purpose), "%.*s", SLICE_ARG(purpose));
	row->created_at = clock_realtime(keeper->clock);
	return 0;
}

/* One that is there, and whose token is good. */
static int
read_known(struct agent_keeper *keeper, const struct command_call *call,
    struct agent_row *row, struct error *err)
{
	struct slice name = command_text(call, "name");
	const struct agent *agent;

	if (check_name(name, err) == -1 ||
	    agent_keeper_need_loaded(keeper, err) == -1)
		return -1;
	agent = agent_keeper_find(keeper, name);
	if (agent == NULL)
		return error_set_field(err, ERROR_NOT_FOUND, "name",
		    "there is no agent of this name");
	if (agent->row.revoked_at != 0)
		return error_set_field(err, ERROR_CONFLICT, "name",
		    "%s is revoked already", agent->row.name);
	*row = agent->row;
	return 0;
}

/* --- changing ------------------------------------------------------------- */

/* `row` as it is from now on, and the entry; the answer tells `secret`. */
struct agent_change {
	struct agent_keeper *keeper;
	struct command_call *call;
	const char *capability;
	struct agent_row row;
	bool is_new;		      /* the answer tells all of it */
	char secret[CREDENTIAL_SIZE]; /* "": none */
};

/* Into an object. */
static void
write_agent(struct json_writer *json, const struct agent_change *change)
{
	json_writer_pair(json, "name", change->row.name);
	if (change->secret[0] != '\0')
		json_writer_pair(json, "token", change->secret);
	if (!change->is_new)
		return;
	json_writer_pair(json, "purpose", change->row.purpose);
	json_writer_pair_time(json, "created_at", change->row.created_at);
}

static void
write_answer(struct buf *out, const struct agent_change *change)
{
	struct json_writer json;

	buf_reserve(out, 2048); /* the secret is not left behind */
	json_writer_init(&json, out);
	json_writer_object(&json);
	write_agent(&json, change);
	json_writer_end_object(&json);
}

static void
write_request(struct buf *out, const struct agent_change *change)
{
	struct json_writer json;

	json_writer_init(&json, out);
	json_writer_object(&json);
	json_writer_pair(&json, "agent", change->row.name);
	if (change->is_new)
		json_writer_pair(&json, "purpose", change->row.purpose);
	json_writer_end_object(&json);
}

static int
change_in(struct state_change *state, const struct agent_change *change,
    struct error *err)
{
	cleanup(buf_free) struct buf request = BUF_INIT;

	write_request(&request, change);
	if (agent_writer_put(state->writer, &change->row, err) == -1)
		return -1;
	/* Another agent may have the name then: what was accepted is not his.
	 */
	if (change->row.revoked_at != 0 &&
	    approval_writer_end_of_agent(
		state->writer, slice_of(change->row.name), err) == -1)
		return -1;
	return state_change_owe(state, command_entry(change->call),
	    change->capability, buf_slice(&request), err);
}

/* What is known here follows what is in state.db, and nothing else. */
static void
apply(struct agent_change *change)
{
	cleanup(buf_wipe) struct buf answer = BUF_INIT;
	struct state_change state;
	struct error err;
	int result;

	write_answer(&answer, change);
	result = state_change_begin(change->keeper->changer, &state, &err);
	if (result == 0) {
		struct command_call *call = change->call;

		result = change_in(&state, change, &err);
		result = state_change_end(&state, result, call, &answer, &err);
	}
	if (result == 0)
		agent_keeper_put(change->keeper, &change->row);
	else
		command_fail(change->call, &err);
	explicit_bzero(change->secret, sizeof(change->secret));
}

/* --- the commands --------------------------------------------------------- */

static void
give_token(struct agent_change *change)
{
	credential_make(CREDENTIAL_AGENT, change->secret, change->row.digest);
}

void
agent_create_command(struct agent_keeper *keeper, struct command_call *call)
{
	struct agent_change change = { .keeper = keeper,
		.call = call,
		.capability = "agent.create",
		.is_new = true };
	struct error err;

	if (read_new(keeper, call, &change.row, &err) == -1) {
		command_fail(call, &err);
		return;
	}
	give_token(&change);
	apply(&change);
}

void
agent_rotate_command(struct agent_keeper *keeper, struct command_call *call)
{
	struct agent_change change = {
		.keeper = keeper, .call = call, .capability = "agent.rotate"
	};
	struct error err;

	if (read_known(keeper, call, &change.row, &err) == -1) {
		command_fail(call, &err);
		return;
	}
	change.row.rotated_at = clock_realtime(keeper->clock);
	give_token(&change);
	apply(&change);
}

void
agent_revoke_command(struct agent_keeper *keeper, struct command_call *call)
{
	struct agent_change change = {
		.keeper = keeper, .call = call, .capability = "agent.revoke"
	};
	struct error err;

	if (read_known(keeper, call, &change.row, &err) == -1) {
		command_fail(call, &err);
		return;
	}
	change.row.revoked_at = clock_realtime(keeper->clock);
	apply(&change);
}

static void
write_row(struct json_writer *json, const struct agent_row *row)
{
	json_writer_object(json);
	json_writer_pair(json, "name", row->name);
	json_writer_pair(json, "purpose", row->purpose);
	json_writer_pair_time(json, "created_at", row->created_at);
	json_writer_pair_time_or_null(json, "rotated_at", row->rotated_at);
	json_writer_pair_time_or_null(json, "last_used_at", row->last_used_at);
	json_writer_pair_time_or_null(json, "revoked_at", row->revoked_at);
	json_writer_end_object(json);
}

void
agent_list_command(struct agent_keeper *keeper, struct command_call *call)
{
	cleanup(buf_free) struct buf answer = BUF_INIT;
	struct json_writer json;
	struct error err;

	if (agent_keeper_need_loaded(keeper, &err) == -1) {
		command_fail(call, &err);
		return;
	}
	json_writer_init(&json, &answer);
	json_writer_object(&json);
	json_writer_key(&json, "agents");
	json_writer_array(&json);
	for (size_t i = 0; i < keeper->count; i++)
		write_row(&json, &keeper->agents[i]->row);
	json_writer_end_array(&json);
	json_writer_end_object(&json);
	command_ok(call, buf_slice(&answer));
}
