#include "lib/door/tool.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"

static void
assert_capability(struct slice name, const char *expected)
{
	cleanup(buf_free) struct buf out = BUF_INIT;

	buf_add_str(&out, "before ");
	tool_add_capability(&out, name);
	assert_string_equal(out.data + strlen("before "), expected);
}

static void
each_agents_word_for_a_tool_is_one_capability(void **state)
{
	static const struct {
		const char *name;
		const char *capability;
	} cases[] = {
		{ "Bash", "shell.exec" },
		{ "bash", "shell.exec" },
		{ "run_shell_command", "shell.exec" },
		{ "exec_command", "shell.exec" },
		{ "Shell", "shell.exec" },
		{ "Read", "filesystem.read" },
		{ "read_file", "filesystem.read" },
		{ "Write", "filesystem.write" },
		{ "Edit", "filesystem.write" },
		{ "apply_patch", "filesystem.write" },
		{ "replace", "filesystem.write" },
		{ "WebFetch", "network.fetch" },
		{ "webfetch", "network.fetch" },
		{ "Agent", "subagent.run" },
		{ "task", "subagent.run" },
		{ "spawn_agent", "subagent.run" },
		{ "collaborationspawn_agent", "subagent.run" },
		{ "multi_agent_v1wait_agent", "subagent.wait" },
		{ "complete_task", "subagent.complete" },
		{ "mcp__github__create_issue", "mcp.github.create_issue" },
		{ "mcp__a__b__c", "mcp.a.b__c" },
		{ "mcp__söder__lägg till", "mcp.s_der.l_gg_till" },
		{ "MCP:github:create_issue", "mcp.github.create_issue" },
		{ "MCP:create_issue", "mcp.create_issue" },
		{ "mcp__slack__send_message", "mcp.slack.send_message" },
		{ "MCP:slack:send_message", "mcp.slack.send_message" },
		{ "slack_send_message", "tool.slack_send_message" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_capability(slice_of(cases[i].name), cases[i].capability);
}

static void
a_tool_that_nobody_knows_has_a_valid_name(void **state)
{
	static const struct {
		struct slice name;
		const char *capability;
	} cases[] = {
		{ SLICE_LITERAL("Frobnicate"), "tool.Frobnicate" },
		{ SLICE_LITERAL("-rf *"), "tool.-rf__" },
		{ SLICE_LITERAL("audit.erase"), "tool.audit.erase" },
		{ SLICE_LITERAL("mcp__server"), "tool.mcp__server" },
		{ SLICE_LITERAL("mcp____tool"), "tool.mcp____tool" },
		{ SLICE_LITERAL("mcp__server__"), "tool.mcp__server__" },
		{ SLICE_LITERAL("a\0b\n\xff"), "tool.a_b__" },
		{ SLICE_LITERAL(""), "tool.unnamed" },
		{ { NULL, 0 }, "tool.unnamed" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_capability(cases[i].name, cases[i].capability);
}

static void
a_long_name_is_cut(void **state)
{
	static const char *const fronts[] = { "", "mcp__server__", "mcp__",
		"MCP:" };
	cleanup(buf_free) struct buf name = BUF_INIT;
	cleanup(buf_free) struct buf out = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(fronts); i++) {
		buf_reset(&name);
		buf_reset(&out);
		buf_add_str(&name, fronts[i]);
		buf_add_chars(&name, 'x', 1000);
		buf_add_str(&name, "__y");
		tool_add_capability(&out, buf_slice(&name));
		assert_int_equal(out.len, ENTRY_NAME_BYTES);
		assert_true(entry_is_capability(buf_slice(&out)));
	}
}

static void
no_tool_has_a_reserved_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(tools); i++) {
		assert_true(entry_is_capability(slice_of(tools[i].capability)));
		assert_false(entry_is_reserved(slice_of(tools[i].capability)));
	}
	for (size_t i = 0; i < COUNT(in_namespaces); i++)
		assert_false(
		    entry_is_reserved(slice_of(in_namespaces[i].capability)));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_agents_word_for_a_tool_is_one_capability),
		cmocka_unit_test(a_tool_that_nobody_knows_has_a_valid_name),
		cmocka_unit_test(a_long_name_is_cut),
		cmocka_unit_test(no_tool_has_a_reserved_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
