#include "door/tool.h"

#include "log/entry.h"

#include <strings.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* In no agent's letters: `Read` and `read` are one tool. */
static const struct {
	const char *name;
	const char *capability;
} tools[] = {
	/* Claude Code, and most others after it. */
	{ "Bash", "shell.exec" },
	{ "BashOutput", "shell.read" },
	{ "KillBash", "shell.kill" },
	{ "KillShell", "shell.kill" },
	{ "PowerShell", "shell.exec" },
	{ "Monitor", "shell.exec" },
	{ "Read", "filesystem.read" },
	{ "NotebookRead", "filesystem.read" },
	{ "LS", "filesystem.list" },
	{ "Glob", "filesystem.search" },
	{ "Grep", "filesystem.search" },
	{ "Write", "filesystem.write" },
	{ "Edit", "filesystem.write" },
	{ "MultiEdit", "filesystem.write" },
	{ "NotebookEdit", "filesystem.write" },
	{ "WebFetch", "network.fetch" },
	{ "WebSearch", "network.search" },
	{ "Agent", "subagent.run" },
	{ "Task", "subagent.run" },
	{ "TaskOutput", "subagent.wait" },
	{ "TaskStop", "subagent.stop" },
	{ "SendMessage", "subagent.send" },
	{ "TodoWrite", "agent.plan" },
	{ "TodoRead", "agent.plan" },
	{ "TaskCreate", "agent.plan" },
	{ "TaskUpdate", "agent.plan" },
	{ "TaskList", "agent.plan" },
	{ "TaskGet", "agent.plan" },
	{ "EnterPlanMode", "agent.plan" },
	{ "ExitPlanMode", "agent.plan" },
	{ "AskUserQuestion", "agent.ask" },
	{ "Skill", "agent.skill" },
	{ "SlashCommand", "agent.skill" },
	{ "ListMcpResourcesTool", "mcp.resources" },
	{ "ReadMcpResourceTool", "mcp.resources" },

	/* Codex: in telemetry its shells have names of their own. */
	{ "shell", "shell.exec" },
	{ "shell_command", "shell.exec" },
	{ "local_shell", "shell.exec" },
	{ "container.exec", "shell.exec" },
	{ "exec_command", "shell.exec" },
	{ "unified_exec", "shell.exec" },
	{ "exec", "code.exec" }, /* JavaScript; its tools are calls, too */
	{ "write_stdin", "shell.write" },
	{ "apply_patch", "filesystem.write" },
	{ "view_image", "filesystem.read" },
	{ "read_file", "filesystem.read" },
	{ "list_dir", "filesystem.list" },
	{ "grep_files", "filesystem.search" },
	{ "web_search", "network.search" },
	{ "update_plan", "agent.plan" },
	{ "request_user_input", "agent.ask" },

	/* Gemini CLI. */
	{ "run_shell_command", "shell.exec" },
	{ "read_many_files", "filesystem.read" },
	{ "write_file", "filesystem.write" },
	{ "replace", "filesystem.write" },
	{ "list_directory", "filesystem.list" },
	{ "search_file_content", "filesystem.search" },
	{ "grep_search", "filesystem.search" },
	{ "web_fetch", "network.fetch" },
	{ "google_web_search", "network.search" },
	{ "invoke_agent", "subagent.run" },
	{ "delegate_to_agent", "subagent.run" },
	{ "codebase_investigator", "subagent.run" },
	{ "complete_task", "subagent.complete" },
	{ "save_memory", "agent.memory" },
	{ "write_todos", "agent.plan" },
	{ "enter_plan_mode", "agent.plan" },
	{ "exit_plan_mode", "agent.plan" },
	{ "ask_user", "agent.ask" },
	{ "activate_skill", "agent.skill" },

	/* Cursor. */
	{ "Delete", "filesystem.delete" },
	{ "codebase_search", "filesystem.search" },
	{ "run_terminal_cmd", "shell.exec" },
	{ "edit_file", "filesystem.write" },
	{ "search_replace", "filesystem.write" },
	{ "delete_file", "filesystem.delete" },

	/* OpenCode. */
	{ "list", "filesystem.list" },
	{ "patch", "filesystem.write" },
	{ "codesearch", "network.search" },
	{ "question", "agent.ask" },
	{ "plan_enter", "agent.plan" },
	{ "plan_exit", "agent.plan" },
};

/* Codex puts the namespace of such a tool before its name, with nothing in
 * between: multi_agent_v1wait_agent, collaborationspawn_agent. No others: many
 * a server of MCP has a send_message, too. */
static const char *const namespaces[] = {
	"",
	"collaboration",
	"multi_agent_v1",
};

static const struct {
	const char *name;
	const char *capability;
} in_namespaces[] = {
	{ "spawn_agent", "subagent.run" },
	{ "resume_agent", "subagent.run" },
	{ "wait_agent", "subagent.wait" },
	{ "close_agent", "subagent.stop" },
	{ "interrupt_agent", "subagent.stop" },
	{ "send_input", "subagent.send" },
	{ "send_message", "subagent.send" },
	{ "followup_task", "subagent.send" },
	{ "list_agents", "subagent.list" },
};

static bool
is_same_name(struct slice name, const char *known)
{
	return name.len == strlen(known) &&
	       strncasecmp(name.data, known, name.len) == 0;
}

/* Behind its namespace. */
static const char *
find_within(struct slice name, size_t namespace_bytes)
{
	name.data += namespace_bytes;
	name.len -= namespace_bytes;
	for (size_t i = 0; i < COUNT(in_namespaces); i++)
		if (is_same_name(name, in_namespaces[i].name))
			return in_namespaces[i].capability;
	return NULL;
}

static const char *
find(struct slice name)
{
	const char *known;

	for (size_t i = 0; i < COUNT(tools); i++)
		if (is_same_name(name, tools[i].name))
			return tools[i].capability;
	for (size_t i = 0; i < COUNT(namespaces); i++)
		if (slice_starts_with(name, slice_of(namespaces[i])) &&
		    (known = find_within(name, strlen(namespaces[i]))) != NULL)
			return known;
	return NULL;
}

/* As much of `text` as the name that began at `start` has room for. */
static void
add_name_part(struct buf *out, size_t start, struct slice text)
{
	for (size_t i = 0; i < text.len && out->len - start < ENTRY_NAME_BYTES;
	     i++) {
		struct slice character = { text.data + i, 1 };

		/* Alone, '-' begins the name. */
		if (entry_is_name(character) || text.data[i] == '-')
			buf_add_slice(out, character);
		else if (((unsigned char)text.data[i] & 0xc0) != 0x80)
			buf_add_char(out, '_');
	}
}

bool
tool_is_mcp(struct slice name, struct slice *ret_server, struct slice *ret_tool)
{
	static const struct slice prefix = { "mcp__", 5 };
	struct slice rest;
	const char *gap;

	if (!slice_starts_with(name, prefix))
		return false;
	rest.data = name.data + prefix.len;
	rest.len = name.len - prefix.len;
	gap = memmem(rest.data, rest.len, "__", 2);
	if (gap == NULL || gap == rest.data || gap + 2 == rest.data + rest.len)
		return false;
	ret_server->data = rest.data;
	ret_server->len = (size_t)(gap - rest.data);
	ret_tool->data = gap + 2;
	ret_tool->len = rest.len - ret_server->len - 2;
	return true;
}

void
tool_add_mcp_capability(struct buf *out, struct slice server, struct slice tool)
{
	size_t start = out->len;

	add_name_part(out, start, SLICE_LITERAL("mcp."));
	add_name_part(out, start, server);
	add_name_part(out, start, SLICE_LITERAL("."));
	add_name_part(out, start, tool);
}

/* Cursor writes MCP:server:tool, or MCP:tool. */
static void
add_cursor_mcp(struct buf *out, struct slice name)
{
	size_t start = out->len;

	add_name_part(out, start, SLICE_LITERAL("mcp."));
	for (size_t i = strlen("MCP:"); i < name.len; i++)
		add_name_part(out, start,
		    name.data[i] == ':' ? SLICE_LITERAL(".")
					: (struct slice){ name.data + i, 1 });
}

void
tool_add_capability(struct buf *out, struct slice name)
{
	size_t start = out->len;
	const char *known = name.len == 0 ? NULL : find(name);
	struct slice server;
	struct slice tool;

	if (known != NULL) {
		buf_add_str(out, known);
	} else if (tool_is_mcp(name, &server, &tool)) {
		tool_add_mcp_capability(out, server, tool);
	} else if (slice_starts_with(name, SLICE_LITERAL("MCP:"))) {
		add_cursor_mcp(out, name);
	} else {
		add_name_part(out, start, SLICE_LITERAL("tool."));
		add_name_part(out, start,
		    name.len == 0 ? SLICE_LITERAL("unnamed") : name);
	}
}
