#include "hook/outcome.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"

static struct json_reader reader = JSON_READER_INIT;

static struct event
read_event(enum event_agent agent, const char *name, const char *text)
{
	struct event event;
	struct error err;

	assert_int_equal(json_reader_read(&reader, slice_of(text), &err), 0);
	event_read(agent, slice_of(name), &reader, &event);
	return event;
}

static void
each_agent_says_in_its_own_way_that_a_call_failed(void **state)
{
	static const struct {
		enum event_agent agent;
		const char *name;
		const char *text;
		enum entry_status status;
	} cases[] = {
		{ EVENT_CLAUDE_CODE, "PostToolUse",
		    "{\"tool_name\":\"Bash\",\"tool_response\":{"
		    "\"interrupted\":false}}",
		    ENTRY_SUCCESS },
		{ EVENT_CLAUDE_CODE, "PostToolUse",
		    "{\"tool_name\":\"Bash\",\"tool_response\":{"
		    "\"interrupted\":true}}",
		    ENTRY_ERROR },
		{ EVENT_CLAUDE_CODE, "PostToolUseFailure",
		    "{\"tool_name\":\"Bash\"}", ENTRY_ERROR },
		{ EVENT_CODEX, "PostToolUse",
		    "{\"tool_name\":\"Bash\",\"tool_response\":\"\\nExit Code: 1\"}",
		    ENTRY_SUCCESS },
		{ EVENT_GEMINI, "AfterTool",
		    "{\"tool_name\":\"x\",\"tool_response\":{\"llmContent\":"
		    "\"Output: x\\nExit Code: 1\\n\"}}",
		    ENTRY_ERROR },
		{ EVENT_GEMINI, "AfterTool",
		    "{\"tool_name\":\"x\",\"tool_response\":{\"llmContent\":"
		    "\"Output: Exit Code: 1\\n\"}}",
		    ENTRY_SUCCESS },
		{ EVENT_GEMINI, "AfterTool",
		    "{\"tool_name\":\"x\",\"tool_response\":{\"llmContent\":"
		    "\"Output: x\\nSignal: 9\"}}",
		    ENTRY_ERROR },
		{ EVENT_GEMINI, "AfterTool",
		    "{\"tool_name\":\"x\",\"tool_response\":{\"error\":{}}}",
		    ENTRY_ERROR },
		{ EVENT_CURSOR, "postToolUse",
		    "{\"tool_name\":\"x\",\"tool_output\":"
		    "\"{\\\"exitCode\\\":2}\"}",
		    ENTRY_ERROR },
		{ EVENT_CURSOR, "postToolUse",
		    "{\"tool_name\":\"x\",\"tool_output\":"
		    "\"{\\\"exitCode\\\":0}\"}",
		    ENTRY_SUCCESS },
		{ EVENT_OPENCODE, "tool.execute.after",
		    "{\"input\":{\"tool\":\"bash\"},\"output\":{\"metadata\":{"
		    "\"exit\":1}}}",
		    ENTRY_ERROR },
		{ EVENT_OPENCODE, "tool.execute.after",
		    "{\"input\":{\"tool\":\"bash\"},\"output\":{\"metadata\":{"
		    "\"exit\":0}}}",
		    ENTRY_SUCCESS },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct event event =
		    read_event(cases[i].agent, cases[i].name, cases[i].text);

		assert_int_equal(outcome_status(&event), cases[i].status);
	}
}

static void
who_decided_is_what_is_known_best(void **state)
{
	struct waiting_call asked = { .asked = 1, .is_explicit = true };
	struct waiting_call approved = { .tier = ENTRY_APPROVAL_REQUIRED };
	struct waiting_call by_line = { .is_explicit = true };
	struct waiting_call plain = { 0 };
	const struct {
		const char *mode;
		const char *capability;
		const struct waiting_call *call;
		enum entry_decider decider;
	} cases[] = {
		{ "bypassPermissions", "shell.exec", &asked, ENTRY_BY_USER },
		{ "default", "shell.exec", &approved, ENTRY_BY_USER },
		{ "yolo", "shell.exec", &by_line, ENTRY_BY_POLICY },
		{ "yolo", "shell.exec", &plain, ENTRY_BY_MODE },
		{ "bypassPermissions", "shell.exec", NULL, ENTRY_BY_MODE },
		{ "acceptEdits", "filesystem.write", NULL, ENTRY_BY_MODE },
		{ "acceptEdits", "shell.exec", NULL, ENTRY_BY_NONE },
		{ "default", "shell.exec", &plain, ENTRY_BY_NONE },
		{ NULL, "shell.exec", NULL, ENTRY_BY_NONE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct event event = { .permission_mode =
					   slice_of(cases[i].mode) };

		assert_int_equal(
		    outcome_decider(
			&event, slice_of(cases[i].capability), cases[i].call),
		    cases[i].decider);
	}
}

static void
who_denied_is_told_by_the_words_of_the_batch(void **state)
{
	static const struct {
		const char *text;
		enum entry_decider decider;
	} cases[] = {
		{ "\"PreToolUse:Bash hook error: no\"", ENTRY_BY_HOOK },
		{ "\"The user doesn't want to proceed\"", ENTRY_BY_USER },
		{ "\"cat was blocked\"", ENTRY_BY_MODE },
		{ "[{\"type\":\"text\"}]", ENTRY_BY_MODE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(buf_free) struct buf text = BUF_INIT;
		struct event batch, call;

		buf_addf(&text,
		    "{\"tool_calls\":[{\"tool_name\":\"Bash\","
		    "\"tool_response\":%s}]}",
		    cases[i].text);
		batch =
		    read_event(EVENT_CLAUDE_CODE, "PostToolBatch", text.data);
		event_read_call(
		    &batch, json_reader_first(&reader, batch.calls), &call);
		assert_int_equal(outcome_denier(&call), cases[i].decider);
	}
}

static void
a_summary_is_one_line(void **state)
{
	static const struct {
		const char *text;
		const char *summary;
	} cases[] = {
		{ "{\"tool_name\":\"Bash\",\"tool_input\":{\"command\":"
		  "\"a\\nb\"},\"error\":\"Exit code 1\\nmore\"}",
		    "a …: Exit code 1" },
		{ "{\"tool_name\":\"Frob\",\"tool_input\":{}}", "Frob" },
		{ "{\"tool_name\":\"Read\",\"tool_input\":{\"file_path\":"
		  "\"/x\"},\"error\":\"no\"}",
		    "/x: no" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(buf_free) struct buf out = BUF_INIT;
		struct event event =
		    read_event(EVENT_CLAUDE_CODE, "PostToolUse", cases[i].text);

		outcome_add_summary(&event, &out);
		assert_string_equal(out.data, cases[i].summary);
	}
}

static int
tear_down(void **state)
{
	(void)state;
	json_reader_free(&reader);
	return 0;
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    each_agent_says_in_its_own_way_that_a_call_failed),
		cmocka_unit_test(who_decided_is_what_is_known_best),
		cmocka_unit_test(who_denied_is_told_by_the_words_of_the_batch),
		cmocka_unit_test(a_summary_is_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, tear_down);
}
