#include "fcgi/otlp_record.h"

#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct name {
	const char *key;
	enum otlp_field field;
	unsigned char rank; /* 0: the best */
};

/* In the order of strcmp(). "gen_ai.": the conventions of OpenTelemetry, with
 * their older names; "ai.": the AI SDK, which OpenCode uses; "traceloop.",
 * "tool.", "tool_call." and "openinference.": libraries that instrument others.
 * The short ones are those of Claude Code, Codex and Gemini CLI. */
static const struct name names[] = {
	{ "agent.name", OTLP_AGENT, 2 },
	{ "agent_id", OTLP_AGENT_ID, 1 },
	{ "agent_name", OTLP_AGENT_ID, 2 }, /* of a sub-agent */
	{ "ai.operationId", OTLP_SPAN_KIND, 0 },
	{ "ai.telemetry.metadata.sessionId", OTLP_SESSION, 4 },
	{ "ai.toolCall.args", OTLP_ARGUMENTS, 4 },
	{ "ai.toolCall.id", OTLP_CALL, 5 },
	{ "ai.toolCall.name", OTLP_TOOL, 4 },
	{ "ai.toolCall.result", OTLP_OUTPUT, 2 },
	{ "arguments", OTLP_ARGUMENTS, 3 },
	{ "call_id", OTLP_CALL, 3 },
	{ "conversation.id", OTLP_SESSION, 2 },
	{ "decision", OTLP_DECISION, 0 },
	{ "duration_ms", OTLP_DURATION, 0 },
	{ "error", OTLP_ERROR, 1 },
	{ "error.message", OTLP_ERROR, 0 },
	{ "error.type", OTLP_ERROR_TYPE, 0 },
	{ "error_type", OTLP_ERROR_TYPE, 1 },
	{ "event.name", OTLP_EVENT, 0 },
	{ "event.sequence", OTLP_SEQUENCE, 0 },
	{ "exception.message", OTLP_ERROR, 2 },
	{ "file_path", OTLP_ARGUMENTS, 9 },
	{ "full_command", OTLP_ARGUMENTS, 8 },
	{ "function_args", OTLP_ARGUMENTS, 2 },
	{ "function_name", OTLP_TOOL, 2 },
	{ "gen_ai.agent.id", OTLP_AGENT_ID, 0 },
	{ "gen_ai.agent.name", OTLP_AGENT, 0 },
	/* Of a sub-agent of Claude Code it is the sub-agent's. */
	{ "gen_ai.conversation.id", OTLP_SESSION, 1 },
	{ "gen_ai.operation.name", OTLP_OPERATION, 0 },
	{ "gen_ai.request.model", OTLP_MODEL, 1 },
	{ "gen_ai.session.id", OTLP_SESSION, 3 },
	{ "gen_ai.tool.arguments", OTLP_ARGUMENTS, 1 },
	{ "gen_ai.tool.call.arguments", OTLP_ARGUMENTS, 0 },
	{ "gen_ai.tool.call.id", OTLP_CALL, 0 },
	{ "gen_ai.tool.call.result", OTLP_OUTPUT, 0 },
	{ "gen_ai.tool.call_id", OTLP_CALL, 1 },
	{ "gen_ai.tool.name", OTLP_TOOL, 0 },
	{ "input.value", OTLP_ARGUMENTS, 6 },
	{ "mcp_server", OTLP_MCP_SERVER, 0 },
	{ "mcp_server_name", OTLP_MCP_SERVER, 1 },
	{ "metadata", OTLP_METADATA, 0 },
	{ "model", OTLP_MODEL, 0 },
	{ "openinference.span.kind", OTLP_SPAN_KIND, 1 },
	{ "output", OTLP_OUTPUT, 1 },
	{ "permission_mode", OTLP_MODE, 0 },
	{ "service.name", OTLP_AGENT, 9 },
	{ "session.id", OTLP_SESSION, 0 },
	{ "source", OTLP_DECIDER, 0 },
	{ "span.type", OTLP_SPAN_TYPE, 0 },
	{ "success", OTLP_SUCCESS, 0 },
	{ "tool.call_id", OTLP_CALL, 4 },
	{ "tool.name", OTLP_TOOL, 3 },
	{ "tool.parameters", OTLP_ARGUMENTS, 5 },
	{ "tool_call.id", OTLP_CALL, 6 },
	{ "tool_input", OTLP_ARGUMENTS, 2 },
	{ "tool_name", OTLP_TOOL, 1 },
	{ "tool_parameters", OTLP_ARGUMENTS, 7 },
	{ "tool_use_id", OTLP_CALL, 2 },
	{ "traceloop.entity.input", OTLP_ARGUMENTS, 7 },
	{ "traceloop.entity.name", OTLP_TOOL, 5 },
	{ "traceloop.span.kind", OTLP_SPAN_KIND, 2 },
};

/* Behind all that a record itself has. */
enum { OF_RESOURCE = 100 };

static int
compare(const void *wanted, const void *row)
{
	const struct slice *key = wanted;
	const struct name *name = row;
	size_t len = strlen(name->key);
	/* A key may hold a NUL. */
	int order =
	    memcmp(key->data, name->key, key->len < len ? key->len : len);

	if (order != 0)
		return order;
	return (key->len > len) - (key->len < len);
}

bool
otlp_record_find(
    struct slice key, enum otlp_field *ret_field, unsigned char *ret_rank)
{
	const struct name *name;

	if (key.len == 0)
		return false;
	name = bsearch(&key, names, COUNT(names), sizeof(names[0]), compare);
	if (name == NULL)
		return false;
	*ret_field = name->field;
	*ret_rank = name->rank;
	return true;
}

void
otlp_record_put(struct otlp_record *record, enum otlp_field field,
    unsigned char rank, enum otlp_type type, struct slice text)
{
	struct otlp_value *value = &record->values[field];

	if (type == OTLP_NONE || (text.len == 0 && type == OTLP_STRING))
		return;
	if (value->type == OTLP_NONE || rank < value->rank)
		*value = (struct otlp_value){ type, rank, text };
}

struct slice
otlp_record_text(const struct otlp_record *record, enum otlp_field field)
{
	return record->values[field].text;
}

void
otlp_record_inherit(
    struct otlp_record *record, const struct otlp_record *resource)
{
	for (size_t i = 0; i < OTLP_FIELDS; i++)
		if (resource->values[i].type != OTLP_NONE)
			otlp_record_put(record, (enum otlp_field)i, OF_RESOURCE,
			    resource->values[i].type, resource->values[i].text);
}
