#include "hook/record.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"

/* The entry of `text`, an event of Claude Code's, as the door takes it. */
static void
assert_taken(const char *name, struct slice text, struct message_parser *parser,
    struct message *ret)
{
	struct json_reader reader = JSON_READER_INIT;
	struct message_peer peer = { 0, MESSAGE_OWNER, SLICE_LITERAL("root") };
	static struct buf line;
	struct record record = {
		.time = 1795464908123456,
		.agent_name = SLICE_LITERAL("claude-code"),
		.session_id = SLICE_LITERAL("s"),
		.call_id = SLICE_LITERAL("c"),
		.capability = SLICE_LITERAL("shell.exec"),
		.tier = ENTRY_NOTIFY,
		.decider = ENTRY_BY_USER,
		.status = ENTRY_SUCCESS,
		.duration_ms = SLICE_LITERAL("1.5"),
		.summary = SLICE_LITERAL("ls"),
		.policy = SLICE_LITERAL("kruxos.conf:1: * = notify"),
		.waited_ms = SLICE_LITERAL("250"),
		.is_slower = true,
	};
	struct event event;
	struct error err;

	buf_free(&line);
	buf_init(&line);
	assert_int_equal(json_reader_read(&reader, text, &err), 0);
	event_read(EVENT_CLAUDE_CODE, slice_of(name), &reader, &event);
	record_write(&record, &event, &line);
	assert_true(line.len <= MESSAGE_LINE_BYTES);
	assert_null(memchr(line.data, '\n', line.len));
	assert_int_equal(message_parse(parser, &peer, record.time,
			     buf_slice(&line), ret, &err),
	    0);
	json_reader_free(&reader);
}

static void
an_event_becomes_an_entry_that_the_door_takes(void **state)
{
	struct message_parser parser = MESSAGE_PARSER_INIT;
	struct message message;
	const struct json_node *node;

	(void)state;
	assert_taken("PostToolUse",
	    SLICE_LITERAL("{\"tool_name\":\"Bash\", \"tool_input\" :\n"
			  "{ \"command\" : \"ls\", \"n\":1.50 },\n"
			  "\"cwd\":\"/\",\"tool_response\":{\"x\":null}}"),
	    &parser, &message);
	assert_int_equal(message.entry.source, ENTRY_HOOK);
	assert_int_equal(message.entry.tier, ENTRY_NOTIFY);
	assert_int_equal(message.entry.decider, ENTRY_BY_USER);
	assert_true(slice_is(message.entry.duration_ms, "1.5"));
	node =
	    json_reader_member(&parser.reader, message.request, "tool_input");
	assert_true(slice_is(node->text, "{\"command\":\"ls\",\"n\":1.50}"));
	node = json_reader_member(&parser.reader, message.request, "waited_ms");
	assert_true(slice_is(node->text, "250"));
	message_parser_free(&parser);
}

static void
a_line_is_never_too_long(void **state)
{
	struct message_parser parser = MESSAGE_PARSER_INIT;
	cleanup(buf_free) struct buf text = BUF_INIT;
	struct message message;
	const struct json_node *node;

	(void)state;
	/* Each of them is written in six bytes. */
	buf_add_str(
	    &text, "{\"tool_name\":\"Write\",\"tool_input\":{\"content\":\"");
	buf_add_chars(&text, '\x7f', 900 << 10);
	buf_add_str(&text, "\",\"file_path\":\"/x\"}}");
	assert_taken("PreToolUse", buf_slice(&text), &parser, &message);
	node =
	    json_reader_member(&parser.reader, message.request, "tool_input");
	node = json_reader_member(&parser.reader, node, "file_path");
	assert_true(slice_is(node->text, "/x"));
	message_parser_free(&parser);
}

static void
what_a_tool_answers_is_cut(void **state)
{
	struct message_parser parser = MESSAGE_PARSER_INIT;
	cleanup(buf_free) struct buf text = BUF_INIT;
	struct message message;
	const struct json_node *node;

	(void)state;
	buf_add_str(&text, "{\"tool_name\":\"Bash\",\"tool_response\":[1");
	for (int i = 0; i < 10000; i++)
		buf_add_str(&text, ",2");
	buf_add_str(&text, "]}");
	assert_taken("PostToolUse", buf_slice(&text), &parser, &message);
	node = json_reader_member(
	    &parser.reader, message.request, "tool_response");
	assert_true(slice_is(node->text, "{\"cut_bytes\":20003}"));
	message_parser_free(&parser);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_becomes_an_entry_that_the_door_takes),
		cmocka_unit_test(a_line_is_never_too_long),
		cmocka_unit_test(what_a_tool_answers_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
