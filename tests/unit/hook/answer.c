#include "hook/answer.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
each_agent_is_answered_in_its_own_words(void **state)
{
	static const struct {
		enum event_agent agent;
		const char *name;
		enum answer_verdict verdict;
		int code;
		const char *answer;
	} cases[] = {
		{ EVENT_CLAUDE_CODE, "PreToolUse", ANSWER_DENY, 0,
		    "{\"hookSpecificOutput\":{\"hookEventName\":\"PreToolUse\","
		    "\"permissionDecision\":\"deny\","
		    "\"permissionDecisionReason\":\"why \\\"x\\\"\"}}\n" },
		{ EVENT_CODEX, "PreToolUse", ANSWER_DENY, 0,
		    "{\"hookSpecificOutput\":{\"hookEventName\":\"PreToolUse\","
		    "\"permissionDecision\":\"deny\","
		    "\"permissionDecisionReason\":\"why \\\"x\\\"\"}}\n" },
		{ EVENT_GEMINI, "BeforeTool", ANSWER_ASK, 0,
		    "{\"decision\":\"ask\",\"reason\":\"why \\\"x\\\"\"}\n" },
		{ EVENT_CURSOR, "preToolUse", ANSWER_DENY, 0,
		    "{\"permission\":\"deny\",\"user_message\":\"why \\\"x\\\"\","
		    "\"agent_message\":\"why \\\"x\\\"\"}\n" },
		{ EVENT_OPENCODE, "tool.execute.before", ANSWER_DENY, 2,
		    "why \"x\"\n" },
		{ EVENT_OPENCODE, "tool.execute.before", ANSWER_NOTHING, 0,
		    "" },
		{ EVENT_CLAUDE_CODE, "PreToolUse", ANSWER_NOTHING, 0, "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct event event = { .agent = cases[i].agent,
			.name = slice_of(cases[i].name) };
		cleanup(buf_free) struct buf out = BUF_INIT;

		assert_int_equal(answer_write(&event, cases[i].verdict,
				     SLICE_LITERAL("why \"x\""), &out),
		    cases[i].code);
		assert_string_equal(out.data, cases[i].answer);
	}
}

static void
only_some_can_ask_a_person(void **state)
{
	static const struct {
		enum event_agent agent;
		const char *name, *tool;
		bool can_ask;
	} cases[] = {
		{ EVENT_CLAUDE_CODE, "PreToolUse", "Bash", true },
		{ EVENT_CODEX, "PreToolUse", "Bash", false },
		{ EVENT_GEMINI, "BeforeTool", "x", true },
		{ EVENT_CURSOR, "beforeShellExecution", "Shell", true },
		{ EVENT_CURSOR, "preToolUse", "Shell", true },
		{ EVENT_CURSOR, "preToolUse", "MCP:a:b", true },
		{ EVENT_CURSOR, "preToolUse", "Write", false },
		{ EVENT_OPENCODE, "tool.execute.before", "bash", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct event event = { .agent = cases[i].agent,
			.name = slice_of(cases[i].name),
			.tool = slice_of(cases[i].tool) };

		assert_int_equal(answer_can_ask(&event), cases[i].can_ask);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_agent_is_answered_in_its_own_words),
		cmocka_unit_test(only_some_can_ask_a_person),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
