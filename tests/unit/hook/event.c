#include "hook/event.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"

struct fixture {
	struct json_reader reader;
	struct event event;
};

/* The event of the JSON text `text`; --event is `name`. */
static void
read_event(struct fixture *fixture, enum event_agent agent, const char *name,
    const char *text)
{
	struct error err;

	assert_int_equal(
	    json_reader_read(&fixture->reader, slice_of(text), &err), 0);
	event_read(agent, slice_of(name), &fixture->reader, &fixture->event);
}

static int
set_up(void **state)
{
	static struct fixture fixture;

	fixture = (struct fixture){ .reader = JSON_READER_INIT };
	*state = &fixture;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *fixture = *state;

	json_reader_free(&fixture->reader);
	return 0;
}

static void
each_agents_words_are_one_kind_of_event(void **state)
{
	static const struct {
		enum event_agent agent;
		const char *name;
		const char *text;
		enum event_kind kind;
	} cases[] = {
		{ EVENT_CLAUDE_CODE, "PreToolUse", "{\"tool_name\":\"Bash\"}",
		    EVENT_BEFORE },
		{ EVENT_CODEX, "PostToolUse", "{\"tool_name\":\"Bash\"}",
		    EVENT_AFTER },
		{ EVENT_GEMINI, "BeforeTool", "{\"tool_name\":\"x\"}",
		    EVENT_BEFORE },
		{ EVENT_GEMINI, "PreToolUse", "{\"tool_name\":\"x\"}",
		    EVENT_IGNORED },
		{ EVENT_CURSOR, "beforeShellExecution", "{\"command\":\"ls\"}",
		    EVENT_BEFORE },
		{ EVENT_CURSOR, "postToolUseFailure",
		    "{\"tool_name\":\"x\",\"failure_type\":\"permission_denied\"}",
		    EVENT_REFUSED },
		{ EVENT_CURSOR, "postToolUseFailure",
		    "{\"tool_name\":\"x\",\"failure_type\":\"timeout\"}",
		    EVENT_FAILED },
		{ EVENT_OPENCODE, "tool.execute.before",
		    "{\"input\":{\"tool\":\"bash\"}}", EVENT_BEFORE },
		{ EVENT_OPENCODE, "event:session.idle", "{}", EVENT_STOP },
		{ EVENT_OPENCODE, "event:session.created",
		    "{\"properties\":{\"info\":{\"id\":\"s\"}}}",
		    EVENT_SESSION_START },
		{ EVENT_OPENCODE, "event:session.created",
		    "{\"properties\":{\"info\":{\"id\":\"s\",\"parentID\":\"p\"}}}",
		    EVENT_SUBAGENT_START },
		{ EVENT_OPENCODE, "message.part.updated",
		    "{\"properties\":{\"part\":{\"type\":\"text\"}}}",
		    EVENT_IGNORED },
		{ EVENT_OPENCODE, "chat.params", "{}", EVENT_IGNORED },
		{ EVENT_CLAUDE_CODE, "SessionStart", "{\"source\":\"startup\"}",
		    EVENT_SESSION_START },
		{ EVENT_CLAUDE_CODE, "SessionStart", "{\"source\":\"compact\"}",
		    EVENT_COMPACT },
		{ EVENT_CLAUDE_CODE, "UserPromptSubmit",
		    "{\"prompt\":\"<task-notification>…\"}",
		    EVENT_NOTIFICATION },
		/* Without a tool there is no call. */
		{ EVENT_CLAUDE_CODE, "PreToolUse", "{\"tool_name\":1}",
		    EVENT_IGNORED },
		{ EVENT_CLAUDE_CODE, "PreToolUse", "[1]", EVENT_IGNORED },
		{ EVENT_CLAUDE_CODE, NULL, "{\"hook_event_name\":\"Stop\"}",
		    EVENT_STOP },
		{ EVENT_OPENCODE, NULL, "{\"type\":\"session.idle\"}",
		    EVENT_STOP },
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		read_event(
		    fixture, cases[i].agent, cases[i].name, cases[i].text);
		assert_int_equal(fixture->event.kind, cases[i].kind);
	}
}

static void
fields_are_found_where_each_agent_has_them(void **state)
{
	struct fixture *fixture = *state;
	struct event *event = &fixture->event;

	read_event(fixture, EVENT_OPENCODE, "tool.execute.before",
	    "{\"input\":{\"tool\":\"bash\",\"sessionID\":\"ses_1\","
	    "\"callID\":\"call_1\"},\"output\":{\"args\":{\"command\":\"ls\"}}}");
	assert_true(slice_is(event->session_id, "ses_1"));
	assert_true(slice_is(event->call_id, "call_1"));
	assert_true(slice_is(event_find_subject(event), "ls"));

	read_event(fixture, EVENT_CURSOR, "beforeShellExecution",
	    "{\"conversation_id\":\"c\",\"command\":\"ls\",\"duration\":3}");
	assert_true(slice_is(event->session_id, "c"));
	assert_true(slice_is(event->tool, "Shell"));
	assert_true(slice_is(event_find_subject(event), "ls"));
	assert_true(slice_is(event->duration, "3"));

	read_event(fixture, EVENT_OPENCODE, "chat.message",
	    "{\"input\":{\"sessionID\":\"s\"},\"output\":{\"parts\":["
	    "{\"text\":\"do it\"}]}}");
	assert_true(slice_is(event->prompt, "do it"));
}

static void
a_tool_of_an_mcp_server_is_named_by_both(void **state)
{
	static const struct {
		enum event_agent agent;
		const char *name;
		const char *text;
	} cases[] = {
		{ EVENT_CLAUDE_CODE, "PreToolUse",
		    "{\"tool_name\":\"mcp__files__find\"}" },
		{ EVENT_GEMINI, "BeforeTool",
		    "{\"tool_name\":\"mcp_files_find\",\"mcp_context\":{"
		    "\"server_name\":\"files\",\"tool_name\":\"find\"}}" },
		{ EVENT_CURSOR, "preToolUse",
		    "{\"tool_name\":\"MCP:files:find\"}" },
		{ EVENT_CURSOR, "beforeMCPExecution",
		    "{\"tool_name\":\"files:find\"}" },
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(buf_free) struct buf capability = BUF_INIT;

		read_event(
		    fixture, cases[i].agent, cases[i].name, cases[i].text);
		event_add_capability(&fixture->event, &capability);
		assert_string_equal(capability.data, "mcp.files.find");
	}
}

static uint64_t
digest_of(struct fixture *fixture, enum event_agent agent, const char *name,
    const char *text)
{
	read_event(fixture, agent, name, text);
	return event_digest(&fixture->event);
}

static void
a_call_is_the_same_before_and_behind_it(void **state)
{
	struct fixture *fixture = *state;
	uint64_t before = digest_of(fixture, EVENT_GEMINI, "BeforeTool",
	    "{\"tool_name\":\"x\",\"tool_input\":{\"a\":\"1\",\"b\":[2,3]}}");

	assert_true(
	    before == digest_of(fixture, EVENT_GEMINI, "AfterTool",
			  "{\"tool_response\":7,\"tool_input\":{\"b\":[2,3],"
			  "\"a\":\"1\"},\"tool_name\":\"x\"}"));
	assert_true(
	    before != digest_of(fixture, EVENT_GEMINI, "AfterTool",
			  "{\"tool_name\":\"x\",\"tool_input\":{\"a\":\"2\","
			  "\"b\":[2,3]}}"));
	assert_true(
	    before != digest_of(fixture, EVENT_GEMINI, "AfterTool",
			  "{\"tool_name\":\"y\",\"tool_input\":{\"a\":\"1\","
			  "\"b\":[2,3]}}"));
	assert_true(digest_of(fixture, EVENT_CURSOR, "preToolUse",
			"{\"tool_name\":\"Shell\",\"tool_input\":{"
			"\"command\":\"ls\",\"cwd\":\"/\"}}") ==
		    digest_of(fixture, EVENT_CURSOR, "beforeShellExecution",
			"{\"command\":\"ls\"}"));
}

static void
an_event_before_a_tool_is_known_without_its_json(void **state)
{
	static const struct {
		const char *name;
		const char *text;
		bool is_before;
	} cases[] = {
		{ "PreToolUse", "", true },
		{ "Stop", "{\"hook_event_name\":\"PreToolUse\"", false },
		{ NULL, "{\"hook_event_name\" : \"PreToolUse\", \"x\":", true },
		{ NULL, "{\"hook_event_name\":\"Stop\",", false },
		{ NULL, "{\"hook_event_name\":", false },
		{ NULL,
		    "{\"tool_input\":{\"hook_event_name\":\"Stop\"},"
		    "\"hook_event_name\":\"PreToolUse\"",
		    true },
		{ NULL, "PreToolUse", false },
		{ NULL, "", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(
		    event_is_before(EVENT_CODEX, slice_of(cases[i].name),
			slice_of(cases[i].text)),
		    cases[i].is_before);
}

static void
agents_have_names(void **state)
{
	(void)state;
	for (int i = 0; i < EVENT_AGENTS; i++)
		assert_int_equal(
		    event_agent_of(slice_of(event_agent_name(i))), i);
	assert_int_equal(event_agent_of(SLICE_LITERAL("nobody")), -1);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_agents_words_are_one_kind_of_event),
		cmocka_unit_test(fields_are_found_where_each_agent_has_them),
		cmocka_unit_test(a_tool_of_an_mcp_server_is_named_by_both),
		cmocka_unit_test(a_call_is_the_same_before_and_behind_it),
		cmocka_unit_test(
		    an_event_before_a_tool_is_known_without_its_json),
		cmocka_unit_test(agents_have_names),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
