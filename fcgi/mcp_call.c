#include "fcgi/mcp_call.h"

#include "base/cleanup.h"
#include "fcgi/mcp_answer.h"
#include "fcgi/mcp_tool.h"

/* What the client's user is asked, among the inputRequests. */
#define APPROVAL "approval"

/* --- the question --------------------------------------------------------- */

static const struct json_node *
param(const struct json_reader *json, const struct mcp_message *message,
    const char *key)
{
	return message->params == NULL
		   ? NULL
		   : json_reader_member(json, message->params, key);
}

static struct slice
meta(const struct json_reader *json, const struct mcp_message *message,
    const char *key, struct arena *arena)
{
	struct slice text = mcp_message_meta(json, message, key);

	return text.data == NULL ? text : arena_slice(arena, text);
}

static bool
gave_up(const struct json_reader *json, const struct mcp_message *message)
{
	const struct json_node *node = param(json, message, "inputResponses");

	if (node != NULL && node->type == JSON_OBJECT)
		node = json_reader_member(json, node, APPROVAL);
	if (node == NULL || node->type != JSON_OBJECT)
		return false;
	node = json_reader_member(json, node, "action");
	return node != NULL && node->type == JSON_STRING &&
	       !slice_is(node->text, "accept");
}

static int
refuse(struct invocation *question, struct mcp_refusal *ret_refusal,
    const char *sentence)
{
	struct error err = { 0 };

	error_set(&err, ERROR_OUT_OF_RANGE, "%s", sentence);
	invocation_refuse(question, &err);
	return mcp_message_refuse(
	    ret_refusal, 200, MCP_INVALID_PARAMS, sentence);
}

static int
check_state(const struct mcp_call *call, const struct mcp_state_key *key,
    const struct json_node *state, struct invocation *question,
    struct mcp_refusal *ret_refusal)
{
	if (call->era == MCP_FIRST || state == NULL)
		return 0;
	if (state->type == JSON_STRING &&
	    mcp_state_holds(
		key, &call->about, state->text, clock_realtime(&clock_system)))
		return 0;
	return refuse(question, ret_refusal,
	    "the requestState is none of this call, or too old");
}

/* It may be that of no capability: kruxosd records under another name what is
 * wrong with the message. */
static int
read_name(const struct json_reader *json, const struct mcp_message *message,
    struct invocation *question, struct arena *arena,
    struct mcp_refusal *ret_refusal)
{
	const struct json_node *name = param(json, message, "name");

	if (name != NULL && name->type == JSON_STRING) {
		question->capability = mcp_tool_capability(name->text, arena);
		return 0;
	}
	question->capability = SLICE_LITERAL(INVOCATION_REQUEST);
	return refuse(question, ret_refusal, "params names no tool");
}

int
mcp_call_ask(struct mcp_call *call, const struct mcp_state_key *key,
    const unsigned char *agent, const struct json_reader *json,
    const struct mcp_message *message, struct invocation *question,
    struct arena *arena, struct mcp_refusal *ret_refusal)
{
	const struct json_node *arguments = param(json, message, "arguments");

	call->era = message->era;
	if (read_name(json, message, question, arena, ret_refusal) == -1)
		return -1;
	if (arguments != NULL && arguments->type != JSON_OBJECT)
		return refuse(question, ret_refusal,
		    "the arguments of a tool are an object");
	question->call_id = meta(json, message, MCP_CALL_META_CALL, arena);
	question->trace_id =
	    invocation_trace_id(meta(json, message, "traceparent", arena));
	if (call->era == MCP_SECOND)
		question->session_id =
		    meta(json, message, MCP_CALL_META_SESSION, arena);
	call->elicits = mcp_message_elicits(json, message);
	call->gave_up = gave_up(json, message);
	call->about = (struct mcp_state_call){ agent, question->capability,
		arguments == NULL ? SLICE_LITERAL("") : arguments->text };
	invocation_set_arguments(question, json, arguments);
	if (capability_find(call->about.capability) == NULL)
		return mcp_message_refuse(
		    ret_refusal, 200, MCP_INVALID_PARAMS, "Unknown tool");
	return check_state(call, key, param(json, message, "requestState"),
	    question, ret_refusal);
}

/* --- what came of it ------------------------------------------------------ */

/* Which entry it became. */
static void
write_meta(const struct mcp_call *call, const struct invocation *question,
    struct json_writer *json)
{
	json_writer_key(json, "_meta");
	json_writer_object(json);
	if (call->era == MCP_SECOND)
		mcp_answer_write_server_meta(json);
	if (question->err.code == ERROR_NONE) {
		json_writer_pair_slice(
		    json, MCP_CALL_META_CALL, question->ret_call_id);
		json_writer_pair_u64(json, MCP_CALL_META_SEQ, question->seq);
		json_writer_pair_slice(
		    json, MCP_CALL_META_TIER, question->tier);
	}
	json_writer_end_object(json);
}

/* A form without fields. Who does not see where to approve finds it in the
 * words, which are the same for every call. */
static void
write_form(struct json_writer *json)
{
	json_writer_key(json, "inputRequests");
	json_writer_object(json);
	json_writer_key(json, APPROVAL);
	json_writer_object(json);
	json_writer_pair(json, "method", "elicitation/create");
	json_writer_key(json, "params");
	json_writer_object(json);
	json_writer_pair(json, "mode", "form");
	json_writer_pair(json, "message",
	    "This call waits until a person has approved it: on the page "
	    "Approvals of the dashboard, or by the command kruxos approve. "
	    "Go on when that is done.");
	json_writer_key(json, "requestedSchema");
	json_writer_raw(
	    json, SLICE_LITERAL("{\"type\":\"object\",\"properties\":{}}"));
	json_writer_end_object(json);
	json_writer_end_object(json);
	json_writer_end_object(json);
}

static void
write_input_required(const struct mcp_call *call,
    const struct mcp_state_key *key, const struct invocation *question,
    usec_t now, struct json_writer *json)
{
	cleanup(buf_free) struct buf state = BUF_INIT;

	mcp_state_write(key, &call->about, slice_of(question->err.approval_id),
	    now, &state);
	json_writer_pair(json, "resultType", "input_required");
	write_meta(call, question, json);
	if (call->elicits)
		write_form(json);
	json_writer_pair_slice(json, "requestState", buf_slice(&state));
}

/* Two sentences are not the model's to read: one repeats what the caller has
 * sent, the name of an argument that there is not; the other says what lies
 * where on this machine. */
static void
write_error(const struct invocation *question, struct json_writer *json)
{
	struct error err = question->err;

	if (err.code == ERROR_UNKNOWN_FIELD)
		error_set(&err, err.code,
		    "an argument is none of the tool's inputSchema");
	if (err.code == ERROR_AUDIT_UNAVAILABLE || err.code == ERROR_SYSTEM ||
	    err.code == ERROR_CORRUPT)
		error_set(&err, err.code,
		    "this cannot be recorded or read now, so it was not done; "
		    "try again later");
	mcp_tool_write_error(json, &err);
}

void
mcp_call_write(const struct mcp_call *call, const struct mcp_state_key *key,
    const struct invocation *question, usec_t now, struct json_writer *json)
{
	bool waits = question->err.code == ERROR_APPROVAL_REQUIRED;

	if (waits && call->era == MCP_SECOND && !call->gave_up) {
		write_input_required(call, key, question, now, json);
		return;
	}
	if (call->era == MCP_SECOND)
		json_writer_pair(json, "resultType", "complete");
	write_meta(call, question, json);
	if (question->err.code == ERROR_NONE)
		mcp_tool_write_result(json, question->result);
	else
		write_error(question, json);
}
