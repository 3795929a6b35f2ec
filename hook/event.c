#include "hook/event.h"

#include "base/cleanup.h"
#include "base/fnv.h"
#include "base/number.h"
#include "door/tool.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const agent_names[EVENT_AGENTS] = {
	[EVENT_CLAUDE_CODE] = "claude-code",
	[EVENT_CODEX] = "codex",
	[EVENT_GEMINI] = "gemini",
	[EVENT_CURSOR] = "cursor",
	[EVENT_OPENCODE] = "opencode",
};

enum {
	CLAUDE = 1 << EVENT_CLAUDE_CODE,
	CODEX = 1 << EVENT_CODEX,
	GEMINI = 1 << EVENT_GEMINI,
	CURSOR = 1 << EVENT_CURSOR,
	OPENCODE = 1 << EVENT_OPENCODE,
};

/* The events that are recorded. */
static const struct row {
	unsigned agents;
	const char *name;
	enum event_kind kind;
	const char *tool; /* where the event does not name it */
	bool is_single, is_echo;
} rows[] = {
	{ CLAUDE | CODEX, "PreToolUse", EVENT_BEFORE },
	{ CLAUDE | CODEX, "PostToolUse", EVENT_AFTER },
	{ CLAUDE | CODEX, "PostToolUseFailure", EVENT_FAILED },
	{ CLAUDE | CODEX, "PostToolBatch", EVENT_BATCH },
	{ CLAUDE | CODEX, "PermissionRequest", EVENT_ASKED },
	{ CLAUDE | CODEX, "PermissionDenied", EVENT_REFUSED },
	{ CLAUDE | CODEX | GEMINI, "SessionStart", EVENT_SESSION_START },
	{ CLAUDE | CODEX | GEMINI, "SessionEnd", EVENT_SESSION_END },
	{ CLAUDE | CODEX, "UserPromptSubmit", EVENT_PROMPT },
	{ CLAUDE | CODEX, "SubagentStart", EVENT_SUBAGENT_START },
	{ CLAUDE | CODEX, "SubagentStop", EVENT_SUBAGENT_STOP },
	{ CLAUDE | CODEX | GEMINI, "Notification", EVENT_NOTIFICATION },
	{ CLAUDE | CODEX, "Stop", EVENT_STOP },
	{ CLAUDE | CODEX, "StopFailure", EVENT_STOP },
	{ CLAUDE | CODEX, "Interrupt", EVENT_STOP },

	{ GEMINI, "BeforeTool", EVENT_BEFORE },
	{ GEMINI, "AfterTool", EVENT_AFTER },
	{ GEMINI, "BeforeAgent", EVENT_PROMPT },
	{ GEMINI, "AfterAgent", EVENT_STOP },

	{ CURSOR, "preToolUse", EVENT_BEFORE },
	{ CURSOR, "postToolUse", EVENT_AFTER },
	{ CURSOR, "postToolUseFailure", EVENT_FAILED },
	{ CURSOR, "beforeShellExecution", EVENT_BEFORE, "Shell",
	    .is_echo = true },
	{ CURSOR, "afterShellExecution", EVENT_AFTER, "Shell",
	    .is_echo = true },
	{ CURSOR, "beforeMCPExecution", EVENT_BEFORE, .is_echo = true },
	{ CURSOR, "afterMCPExecution", EVENT_AFTER, .is_echo = true },
	{ CURSOR, "beforeReadFile", EVENT_BEFORE, "Read", .is_single = true },
	{ CURSOR, "afterFileEdit", EVENT_AFTER, "Edit", .is_single = true },
	{ CURSOR, "sessionStart", EVENT_SESSION_START },
	{ CURSOR, "sessionEnd", EVENT_SESSION_END },
	{ CURSOR, "beforeSubmitPrompt", EVENT_PROMPT },
	{ CURSOR, "subagentStart", EVENT_SUBAGENT_START },
	{ CURSOR, "subagentStop", EVENT_SUBAGENT_STOP },
	{ CURSOR, "stop", EVENT_STOP },

	{ OPENCODE, "tool.execute.before", EVENT_BEFORE },
	{ OPENCODE, "tool.execute.after", EVENT_AFTER },
	/* The only word about a call that never ran, or threw. */
	{ OPENCODE, "message.part.updated", EVENT_FAILED },
	{ OPENCODE, "chat.message", EVENT_PROMPT },
	{ OPENCODE, "session.created", EVENT_SESSION_START },
	{ OPENCODE, "session.deleted", EVENT_SESSION_END },
	{ OPENCODE, "session.idle", EVENT_STOP },
	{ OPENCODE, "permission.updated", EVENT_ASKED },
	{ OPENCODE, "permission.asked", EVENT_ASKED },
};

/* Where a field may stand; the first that is there counts. */
enum { PLACES = 5 };

#define AT(member) offsetof(struct event, member)

static const struct {
	size_t offset;
	enum json_node_type type;
	const char *places[PLACES];
} texts[] = {
	{ AT(session_id), JSON_STRING,
	    { "session_id", "conversation_id", "input.sessionID",
		"properties.sessionID", "properties.info.id" } },
	{ AT(call_id), JSON_STRING,
	    { "tool_use_id", "input.callID", "properties.part.callID",
		"properties.callID", "properties.tool.callID" } },
	{ AT(tool), JSON_STRING,
	    { "tool_name", "input.tool", "properties.part.tool",
		"properties.permission", "properties.type" } },
	{ AT(mcp_server), JSON_STRING, { "mcp_context.server_name" } },
	{ AT(mcp_tool), JSON_STRING, { "mcp_context.tool_name" } },
	{ AT(agent_id), JSON_STRING, { "agent_id", "subagent_id" } },
	{ AT(agent_type), JSON_STRING, { "agent_type", "subagent_type" } },
	{ AT(parent_call_id), JSON_STRING, { "tool_call_id" } },
	{ AT(permission_mode), JSON_STRING, { "permission_mode" } },
	{ AT(cwd), JSON_STRING, { "cwd", "properties.info.directory" } },
	{ AT(model), JSON_STRING, { "model", "subagent_model" } },
	{ AT(turn_id), JSON_STRING,
	    { "prompt_id", "turn_id", "generation_id" } },
	{ AT(prompt), JSON_STRING,
	    { "prompt", "output.parts.0.text", "task" } },
	{ AT(source), JSON_STRING, { "source" } },
	{ AT(reason), JSON_STRING, { "reason", "status" } },
	{ AT(message), JSON_STRING,
	    { "message", "last_assistant_message", "prompt_response",
		"summary" } },
	{ AT(error), JSON_STRING,
	    { "error", "error_message", "properties.part.state.error" } },
	{ AT(failure), JSON_STRING, { "failure_type", "notification_type" } },
	{ AT(duration), JSON_NUMBER, { "duration_ms", "duration" } },
};

static const struct {
	size_t offset;
	const char *places[PLACES];
} nodes[] = {
	{ AT(input), { "tool_input", "input.args", "output.args",
			 "properties.part.state.input" } },
	{ AT(response),
	    { "tool_response", "tool_output", "result_json", "output" } },
	{ AT(calls), { "tool_calls" } },
};

const char *const event_arguments[] = { "command", "file_path", "edits", "url",
	NULL };

int
event_agent_of(struct slice name)
{
	for (int i = 0; i < EVENT_AGENTS; i++)
		if (slice_is(name, agent_names[i]))
			return i;
	return -1;
}

const char *
event_agent_name(enum event_agent agent)
{
	return agent_names[agent];
}

/* --- places --------------------------------------------------------------- */

static const struct json_node *
find_member(const struct json_reader *reader, const struct json_node *node,
    struct slice key)
{
	uint64_t place = 0, wanted = 0;
	bool is_number = node->type == JSON_ARRAY &&
			 number_parse_u64(key, 0, UINT32_MAX, &wanted) == 0;

	if (node->type != JSON_OBJECT && !is_number)
		return NULL;
	for (const struct json_node *child = json_reader_first(reader, node);
	     child != NULL; child = json_reader_next(reader, node, child))
		if (is_number ? place++ == wanted
			      : slice_equal(child->key, key))
			return child;
	return NULL;
}

const struct json_node *
event_find(const struct json_reader *reader, const struct json_node *node,
    const char *path)
{
	while (node != NULL) {
		size_t len = strcspn(path, ".");

		node = find_member(reader, node, (struct slice){ path, len });
		if (path[len] == '\0')
			return node;
		path += len + 1;
	}
	return NULL;
}

static const struct json_node *
find_first(const struct event *event, const struct json_node *top,
    const char *const places[PLACES])
{
	for (size_t i = 0; i < PLACES && places[i] != NULL; i++) {
		const struct json_node *node =
		    event_find(event->reader, top, places[i]);

		if (node != NULL)
			return node;
	}
	return NULL;
}

static struct slice
find_text(const struct event *event, const char *path)
{
	const struct json_node *node =
	    event_find(event->reader, event->top, path);

	return node != NULL && node->type == JSON_STRING
		   ? node->text
		   : (struct slice){ NULL, 0 };
}

static void
read_fields(struct event *event, const struct json_node *top)
{
	for (size_t i = 0; i < COUNT(texts); i++) {
		const struct json_node *node =
		    find_first(event, top, texts[i].places);

		if (node != NULL && node->type == texts[i].type)
			*(struct slice *)((char *)event + texts[i].offset) =
			    node->text;
	}
	for (size_t i = 0; i < COUNT(nodes); i++) {
		const struct json_node *node =
		    find_first(event, top, nodes[i].places);

		if (node != NULL)
			*(const struct json_node **)((char *)event +
						     nodes[i].offset) = node;
	}
}

/* --- events --------------------------------------------------------------- */

/* Agents' own words for what lies in `{"input","output"}` and on OpenCode's
 * bus: event:session.created. */
static struct slice
without_bus(struct slice name)
{
	static const struct slice bus = { "event:", 6 };

	if (slice_starts_with(name, bus)) {
		name.data += bus.len;
		name.len -= bus.len;
	}
	return name;
}

static const struct row *
find_row(enum event_agent agent, struct slice name)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		if ((rows[i].agents & 1U << agent) != 0 &&
		    slice_is(name, rows[i].name))
			return &rows[i];
	return NULL;
}

/* A part of a message is a tool call that failed, or nothing of ours. */
static void
read_part(struct event *event)
{
	if (!slice_is(find_text(event, "properties.part.type"), "tool") ||
	    !slice_is(
		find_text(event, "properties.part.state.status"), "error"))
		event->kind = EVENT_IGNORED;
}

/* A session with a parent is a sub-agent's. */
static void
read_created(struct event *event)
{
	struct slice parent = find_text(event, "properties.info.parentID");

	if (parent.data == NULL)
		return;
	event->kind = EVENT_SUBAGENT_START;
	event->agent_id = event->session_id;
	event->session_id = parent;
}

/* What an event's name alone does not tell. */
static void
look_closer(struct event *event)
{
	if (event->kind == EVENT_SESSION_START &&
	    slice_is(event->source, "compact"))
		event->kind = EVENT_COMPACT;
	if (event->kind == EVENT_PROMPT &&
	    slice_starts_with(
		event->prompt, SLICE_LITERAL("<task-notification>"))) {
		/* Not a person: something in the background has ended. */
		event->kind = EVENT_NOTIFICATION;
		event->message = event->prompt;
		event->prompt = (struct slice){ NULL, 0 };
	}
	if (event->kind == EVENT_FAILED &&
	    slice_is(event->failure, "permission_denied"))
		event->kind = EVENT_REFUSED;
	if (event->agent != EVENT_OPENCODE)
		return;
	if (event->kind == EVENT_FAILED)
		read_part(event);
	else if (event->kind == EVENT_SESSION_START)
		read_created(event);
}

static bool
needs_tool(enum event_kind kind)
{
	return kind == EVENT_BEFORE || kind == EVENT_AFTER ||
	       kind == EVENT_FAILED || kind == EVENT_ASKED ||
	       kind == EVENT_REFUSED;
}

void
event_read(enum event_agent agent, struct slice name,
    const struct json_reader *reader, struct event *ret)
{
	const struct json_node *interrupt;
	const struct row *row;

	*ret = (struct event){
		.agent = agent, .reader = reader, .top = reader->nodes
	};
	if (reader->nodes->type != JSON_OBJECT)
		return;
	if (name.data == NULL)
		name = find_text(ret, "hook_event_name");
	if (name.data == NULL)
		name = find_text(ret, "type");
	ret->name = name = without_bus(name);
	row = find_row(agent, name);
	if (row == NULL)
		return;
	ret->kind = row->kind;
	ret->is_single = row->is_single;
	ret->is_echo = row->is_echo;
	read_fields(ret, reader->nodes);
	if (row->tool != NULL)
		ret->tool = slice_of(row->tool);
	interrupt = event_find(reader, ret->top, "is_interrupt");
	ret->is_interrupt = interrupt != NULL && interrupt->type == JSON_TRUE;
	if (ret->input != NULL && ret->input->type != JSON_OBJECT)
		ret->input = NULL;
	if (ret->calls != NULL && ret->calls->type != JSON_ARRAY)
		ret->calls = NULL;
	look_closer(ret);
	if (needs_tool(ret->kind) && ret->tool.data == NULL)
		ret->kind = EVENT_IGNORED;
}

void
event_read_call(
    const struct event *batch, const struct json_node *call, struct event *ret)
{
	struct event event = *batch;

	event.calls = NULL;
	event.call_id = event.tool = (struct slice){ NULL, 0 };
	if (call->type == JSON_OBJECT)
		read_fields(&event, call);
	if (event.input != NULL && event.input->type != JSON_OBJECT)
		event.input = NULL;
	*ret = event;
}

/* Take from the text, which is no JSON, all through what stands behind the next
 * key. */
static bool
take_name(struct slice *text, struct slice *ret)
{
	static const char key[] = "\"hook_event_name\"";
	const char *end = text->data + text->len;
	const char *at, *start;

	at = text->len == 0 ? NULL
			    : memmem(text->data, text->len, key, strlen(key));
	if (at == NULL)
		return false;
	at += strlen(key);
	while (at < end && (*at == ' ' || *at == ':' || *at == '"'))
		at++;
	start = at;
	while (at < end && *at != '"')
		at++;
	*ret = (struct slice){ start, (size_t)(at - start) };
	*text = (struct slice){ at, (size_t)(end - at) };
	return true;
}

static bool
is_before(enum event_agent agent, struct slice name)
{
	const struct row *row = find_row(agent, without_bus(name));

	return row != NULL && row->kind == EVENT_BEFORE;
}

/* Which of the keys is the event's own, cannot be told: one may stand in what
 * a tool is called with. */
bool
event_is_before(enum event_agent agent, struct slice name, struct slice text)
{
	if (name.data != NULL)
		return is_before(agent, name);
	while (take_name(&text, &name))
		if (is_before(agent, name))
			return true;
	return false;
}

/* --- the call ------------------------------------------------------------- */

void
event_add_capability(const struct event *event, struct buf *out)
{
	bool is_mcp =
	    slice_ends_with(event->name, SLICE_LITERAL("MCPExecution"));

	if (event->mcp_server.len > 0 && event->mcp_tool.len > 0) {
		tool_add_mcp_capability(
		    out, event->mcp_server, event->mcp_tool);
	} else if (is_mcp && event->tool.len > 0 &&
		   !slice_starts_with(event->tool, SLICE_LITERAL("MCP:"))) {
		cleanup(buf_free) struct buf name = BUF_INIT;

		buf_add_str(&name, "MCP:");
		buf_add_slice(&name, event->tool);
		tool_add_capability(out, buf_slice(&name));
	} else {
		tool_add_capability(out, event->tool);
	}
}

struct slice
event_find_subject(const struct event *event)
{
	static const char *const members[] = { "command", "file_path",
		"filePath", "path", "notebook_path", "url", "pattern", "query",
		"description", "task_name", "message", "prompt" };
	const struct json_node *arguments =
	    event->input != NULL ? event->input : event->top;

	for (size_t i = 0; i < COUNT(members); i++) {
		const struct json_node *node =
		    event_find(event->reader, arguments, members[i]);

		if (node != NULL && node->type == JSON_STRING &&
		    node->text.len > 0)
			return node->text;
	}
	return (struct slice){ NULL, 0 };
}

/* Of a string so much counts: cutting leaves it alone. */
enum { DIGEST_BYTES = 60 };

static uint64_t
hash_arguments(const struct event *event, const struct json_node *arguments)
{
	uint64_t sum = 0;

	for (const struct json_node *node = arguments + 1;
	     node < event->reader->nodes + arguments->next; node++) {
		struct slice text = node->text;
		uint64_t hash;

		if (node->type == JSON_ARRAY || node->type == JSON_OBJECT)
			continue;
		if (text.len > DIGEST_BYTES)
			text.len = DIGEST_BYTES;
		hash = fnv_add(FNV_BEGIN, node->key);
		/* In whatever order they stand, the sum is the same. */
		sum += fnv_add(hash + node->type, text);
	}
	return sum;
}

uint64_t
event_digest(const struct event *event)
{
	cleanup(buf_free) struct buf capability = BUF_INIT;
	uint64_t hash;

	event_add_capability(event, &capability);
	hash = fnv_add(FNV_BEGIN, buf_slice(&capability));
	/* A command is told apart by itself: Cursor tells of it twice, in
	 * different company. */
	if (event->agent == EVENT_CURSOR &&
	    event_find_subject(event).data != NULL) {
		struct slice subject = event_find_subject(event);

		if (subject.len > DIGEST_BYTES)
			subject.len = DIGEST_BYTES;
		return fnv_add(hash, subject);
	}
	return event->input == NULL
		   ? hash
		   : hash + hash_arguments(event, event->input);
}
