/* fcgi/otlp_calls.c: the tool calls in what agents send. */
#include "fcgi/otlp_calls.c"

#include "base/cleanup.h"
#include "base/json_walk.h"
#include "fcgi/otlp_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

DEFINE_CLEANUP(struct otlp_calls *, otlp_calls_free);

static void
add_call(struct buf *out, const struct otlp_call *call)
{
	buf_addf(out, "%.*s %.*s %s %.*s %s\n", SLICE_ARG(call->call_id),
	    SLICE_ARG(call->capability), entry_status_name(call->status),
	    SLICE_ARG(call->duration),
	    call->decider == ENTRY_UNDECIDED
		? "-"
		: entry_decider_name(call->decider));
}

/* Read a request, and append what it tells of. */
static void
read_body(struct slice body, enum otlp_signal signal, struct buf *out)
{
	cleanup(otlp_calls_freep) struct otlp_calls *calls = otlp_calls_new();
	struct otlp_counts counts;
	struct error err = { 0 };

	if (otlp_json_read(
		body, signal, otlp_calls_take, calls, &counts, &err) == -1)
		fail_msg("%s", err.sentence);
	otlp_calls_finish(calls);
	for (size_t i = 0; i < otlp_calls_count(calls); i++)
		add_call(out, otlp_calls_at(calls, i));
}

/* A recorded request: {"path":…,"content_type":…,"body":{…}}. */
static void
read_line(struct slice line, struct buf *out)
{
	struct slice key, value, path = { NULL, 0 }, body = { NULL, 0 };
	struct json_walk walk;
	struct error err;

	json_walk_init(&walk, line);
	assert_int_equal(json_walk_enter(&walk, '{', &err), 0);
	while (json_walk_member(&walk, &key, &err) == 1) {
		assert_int_equal(json_walk_value(&walk, &value, &err), 0);
		if (slice_is(key, "path"))
			path = value;
		if (slice_is(key, "body"))
			body = value;
	}
	if (slice_is(path, "\"/v1/logs\""))
		read_body(body, OTLP_LOGS, out);
	else if (slice_is(path, "\"/v1/traces\""))
		read_body(body, OTLP_TRACES, out);
}

static void
read_file(const char *name, struct buf *out)
{
	cleanup(buf_free) struct buf path = BUF_INIT;
	cleanup(cleanup_free) char *line = NULL;
	cleanup(cleanup_fclose) FILE *file = NULL;
	size_t size = 0;
	ssize_t len;

	buf_addf(&path, "tests/data/agents/%s", name);
	file = fopen(path.data, "r");
	assert_non_null(file);
	while ((len = getline(&line, &size, file)) > 0)
		read_line((struct slice){ line, (size_t)len - 1 }, out);
}

static void
what_agents_sent_is_understood(void **state)
{
	static const struct {
		const char *file, *calls;
	} cases[] = {
		{ "claude-code/otlp.ndjson",
		    "toolu_000000000000000000000001 shell.exec success 54 policy\n"
		    "toolu_000000000000000000000003 shell.exec error 19 policy\n"
		    "toolu_000000000000000000000005 filesystem.read success 15 policy\n"
		    "toolu_000000000000000000000007 filesystem.write success 12 policy\n"
		    "toolu_000000000000000000000009 filesystem.write success 5 policy\n"
		    "toolu_000000000000000000000011 subagent.run success 21 policy\n"
		    "toolu_000000000000000000000013 shell.exec success 44 policy\n"
		    "toolu_000000000000000000000015 shell.exec denied  hook\n" },
		{ "claude-code/otlp-extra.ndjson",
		    "toolu_000000000000000000000001 shell.exec success 67 policy\n"
		    "toolu_000000000000000000000003 shell.exec denied  policy\n"
		    "toolu_000000000000000000000005 filesystem.read success 12 policy\n"
		    "toolu_000000000000000000000007 filesystem.write denied  policy\n"
		    "toolu_000000000000000000000007 filesystem.write denied  policy\n"
		    "toolu_000000000000000000000009 filesystem.write denied  policy\n"
		    "toolu_000000000000000000000009 filesystem.write denied  policy\n"
		    "toolu_000000000000000000000011 subagent.run success 18 policy\n"
		    "toolu_000000000000000000000013 shell.exec denied  hook\n"
		    "toolu_000000000000000000000015 shell.exec success 60 policy\n"
		    "toolu_000000000000000000000015 shell.exec success 69 policy\n" },
		{ "codex/otlp.ndjson",
		    "call_000000000000000000000003 shell.exec success 66 policy\n"
		    "call_000000000000000000000007 shell.exec error 46 policy\n"
		    "call_000000000000000000000010 shell.exec success 47 policy\n"
		    "call_000000000000000000000013 filesystem.write success 4 policy\n"
		    "call_000000000000000000000016 subagent.run success 54 -\n"
		    "call_000000000000000000000022 shell.exec success 33 policy\n"
		    "call_000000000000000000000019 subagent.wait success 389 -\n" },
		{ "codex/otlp-code-mode.ndjson",
		    "exec-2a594bf7-c914-4c0a-a687-b01bf07b64d2 shell.exec success 64 policy\n"
		    "call_000000000000000000000003 code.exec success 491 -\n"
		    "exec-287e5d80-46a2-47ab-a3a9-f791d4b6fe49 shell.exec error 41 policy\n"
		    "call_000000000000000000000007 code.exec success 163 -\n"
		    "exec-15d89dc0-92ab-42f9-88f4-c092b0a09d64 shell.exec success 43 policy\n"
		    "call_000000000000000000000010 code.exec success 161 -\n"
		    "exec-3e8ba5a2-3824-4c91-8a57-74d429d043c1 filesystem.write success 3 policy\n"
		    "call_000000000000000000000013 code.exec success 108 -\n"
		    "call_000000000000000000000016 subagent.run success 21 -\n"
		    "exec-fb2ae0a7-467b-412f-9a43-baeac7c84cd5 shell.exec success 41 policy\n"
		    "call_000000000000000000000022 code.exec success 145 -\n"
		    "call_000000000000000000000019 subagent.wait success 223 -\n"
		    "call_000000000000000000000027 code.exec error 61 -\n" },
		{ "gemini-cli/otlp.ndjson",
		    "otlp-c4be499f090730cfd0b40912 shell.exec success 205 -\n"
		    "otlp-b170c3afd071409504c66edb shell.exec error 96 -\n"
		    "otlp-d19ed41f91c4dc62510e59d4 filesystem.read success 104 -\n"
		    "otlp-926818b871671f4082c13378 filesystem.write success 273 -\n"
		    "otlp-dc2ff0aa445f60f09aeb5e21 filesystem.write success 176 -\n"
		    "otlp-259e078e76464a3c96f89775 shell.exec success 263 -\n"
		    "otlp-0c7dbf3e0bd9c41778eb3a1e subagent.complete success 129 -\n"
		    "otlp-e852188b14060b8baf8189bf subagent.run success 1003 -\n"
		    "otlp-f4255c6af98808da114fe8c9 shell.exec denied 63 policy\n" },
		{ "opencode/otlp.ndjson",
		    "call_000000000000000000000009 filesystem.write success 47.920 -\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(buf_free) struct buf calls = BUF_INIT;

		read_file(cases[i].file, &calls);
		assert_string_equal(calls.data, cases[i].calls);
	}
}

#define LOG(attributes)                                                         \
	"{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":["                  \
	"{\"timeUnixNano\":\"1795533451963000000\",\"attributes\":[" attributes \
	"]}]}]}]}"
#define SPANS(spans) \
	"{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[" spans "]}]}]}"
#define SPAN(id, parent, attributes)                                          \
	"{\"traceId\":\"t\",\"spanId\":\"" id "\",\"parentSpanId\":\"" parent \
	"\",\"startTimeUnixNano\":1000000000,\"endTimeUnixNano\":"            \
	"\"1002500000\",\"attributes\":[" attributes "]}"
#define TEXT(key, value) \
	"{\"key\":\"" key "\",\"value\":{\"stringValue\":\"" value "\"}}"
#define RESULT(more)                                                         \
	LOG(TEXT("event.name", "tool_result") "," TEXT("tool_name",          \
	    "Bash") "," TEXT("tool_use_id", "c") "," TEXT("session.id", "s") \
		more)
#define TOOL(more)                                                          \
	SPANS(SPAN("1", "",                                                 \
	    TEXT("gen_ai.operation.name", "execute_tool") "," TEXT(         \
		"gen_ai.tool.name", "Bash") "," TEXT("gen_ai.tool.call.id", \
		"c") more))

struct request {
	enum otlp_signal signal;
	const char *body, *calls;
};

static void
check_requests(const struct request *requests, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		cleanup(buf_free) struct buf calls = BUF_INIT;

		read_body(
		    slice_of(requests[i].body), requests[i].signal, &calls);
		assert_string_equal(calls.data, requests[i].calls);
	}
}

static void
how_a_call_ended_is_found_where_agents_say_it(void **state)
{
	static const struct request requests[] = {
		{ OTLP_LOGS, RESULT(""), "c shell.exec success  -\n" },
		{ OTLP_LOGS, RESULT("," TEXT("success", "false")),
		    "c shell.exec error  -\n" },
		{ OTLP_LOGS,
		    RESULT(",{\"key\":\"success\",\"value\":{\"boolValue\":"
			   "false}}"),
		    "c shell.exec error  -\n" },
		{ OTLP_LOGS,
		    RESULT("," TEXT("success", "true") "," TEXT("output",
			"Wall time: 0\\nProcess exited with code 1\\nOutput:")),
		    "c shell.exec error  -\n" },
		{ OTLP_LOGS,
		    RESULT("," TEXT(
			"output", "Process exited with code 0\\nOutput:\\n")),
		    "c shell.exec success  -\n" },
		/* What the command itself has said is no word of the agent. */
		{ OTLP_LOGS,
		    RESULT("," TEXT("output",
			"Exit code: 0\\nOutput:\\nProcess exited with code 1")),
		    "c shell.exec success  -\n" },
		{ OTLP_LOGS,
		    RESULT("," TEXT("output", "Exit code: 127\\nOutput:\\n")),
		    "c shell.exec error  -\n" },
		{ OTLP_LOGS,
		    RESULT("," TEXT("metadata", "{\\\"exitCode\\\":1}")),
		    "c shell.exec error  -\n" },
		{ OTLP_LOGS,
		    RESULT("," TEXT("metadata", "{\\\"isError\\\":true}")),
		    "c shell.exec error  -\n" },
		{ OTLP_LOGS, RESULT("," TEXT("error_type", "policy_violation")),
		    "c shell.exec denied  policy\n" },
		{ OTLP_TRACES, TOOL(""), "c shell.exec success 2.500 -\n" },
		{ OTLP_TRACES, TOOL("," TEXT("error.type", "timeout")),
		    "c shell.exec error 2.500 -\n" },
		{ OTLP_TRACES,
		    SPANS(SPAN("1", "",
			TEXT("ai.operationId", "ai.toolCall") "," TEXT(
			    "ai.toolCall.name",
			    "bash") "," TEXT("ai.toolCall.id",
			    "c") "," TEXT("ai.toolCall.result",
			    "{\\\"metadata\\\":{\\\"exit\\\":2}}"))),
		    "c shell.exec error 2.500 -\n" },
	};

	(void)state;
	check_requests(requests, COUNT(requests));
}

static void
what_several_records_tell_is_one_call(void **state)
{
	static const struct request requests[] = {
		/* The library that says more counts, in any order. */
		{ OTLP_TRACES,
		    SPANS("{\"name\":\"Tool.execute\",\"attributes\":[" TEXT(
			"tool.name", "edit") "," TEXT("tool.call_id",
			"c") "]}," SPAN("2", "",
			TEXT("ai.operationId", "ai.toolCall") "," TEXT(
			    "ai.toolCall.name",
			    "edit") "," TEXT("ai.toolCall.id", "c"))),
		    "c filesystem.write success 2.500 -\n" },
		/* Spans below it tell its end. */
		{ OTLP_TRACES,
		    SPANS(SPAN("2", "1",
			TEXT("span.type", "tool.execution") "," TEXT(
			    "success", "false")) "," SPAN("1", "",
			TEXT("span.type", "tool") "," TEXT(
			    "tool_name", "Read") "," TEXT("tool_use_id", "c"))),
		    "c filesystem.read error 2.500 -\n" },
		{ OTLP_TRACES,
		    SPANS(SPAN("1", "",
			TEXT("span.type", "tool") "," TEXT("tool_name",
			    "Read") "," TEXT("tool_use_id", "c")) "," SPAN("2",
			"1",
			TEXT("span.type", "tool.blocked_on_user") "," TEXT(
			    "decision", "reject") "," TEXT("source",
			    "user_reject"))),
		    "c filesystem.read denied  user\n" },
		/* And where they do not, it is not known. */
		{ OTLP_TRACES,
		    SPANS(SPAN("1", "",
			TEXT("span.type", "tool") "," TEXT(
			    "tool_name", "Read") "," TEXT("tool_use_id", "c"))),
		    "" },
	};

	(void)state;
	check_requests(requests, COUNT(requests));
}

static void
what_is_no_call_is_passed_over(void **state)
{
	static const struct request requests[] = {
		{ OTLP_LOGS, "{}", "" },
		{ OTLP_LOGS, "{\"resourceLogs\":null}", "" },
		{ OTLP_LOGS, LOG(""), "" },
		{ OTLP_LOGS, LOG(TEXT("event.name", "tool_result")), "" },
		{ OTLP_LOGS, LOG("1,null,{\"key\":3},{\"key\":\"tool_name\"}"),
		    "" },
		{ OTLP_LOGS,
		    LOG(TEXT("event.name", "tool_decision") "," TEXT(
			"tool_name", "Bash") "," TEXT("tool_use_id",
			"c") "," TEXT("decision", "accept")),
		    "" },
		{ OTLP_TRACES,
		    SPANS(SPAN("1", "",
			TEXT("gen_ai.operation.name", "chat") "," TEXT(
			    "gen_ai.tool.name", "Bash"))),
		    "" },
		/* A span is no log record, whatever it is called. */
		{ OTLP_TRACES,
		    SPANS(SPAN("1", "",
			TEXT("event.name", "tool_result") "," TEXT(
			    "tool_name", "Bash"))),
		    "" },
	};

	(void)state;
	check_requests(requests, COUNT(requests));
}

/* The resource may stand behind what it is the resource of. */
static void
a_resource_counts_wherever_it_stands(void **state)
{
	static const char body[] =
	    "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[" SPAN("1", "",
		TEXT("gen_ai.operation.name", "execute_tool") "," TEXT(
		    "gen_ai.tool.name",
		    "x")) "]}],\"resource\":{\"attributes\":"
			  "[" TEXT("session.id", "of all") "]}}]}";
	cleanup(otlp_calls_freep) struct otlp_calls *calls = otlp_calls_new();
	struct otlp_counts counts;
	struct error err = { 0 };

	(void)state;
	assert_int_equal(otlp_json_read(slice_of(body), OTLP_TRACES,
			     otlp_calls_take, calls, &counts, &err),
	    0);
	otlp_calls_finish(calls);
	assert_int_equal(otlp_calls_count(calls), 1);
	assert_true(slice_is(otlp_calls_at(calls, 0)->session_id, "of_all"));
	assert_true(slice_is(otlp_calls_at(calls, 0)->call_id, "span-1"));
}

static void
a_record_without_an_id_gets_the_same_each_time(void **state)
{
	static const char body[] = LOG(TEXT("event.name",
	    "gemini_cli.tool_call") "," TEXT("function_name", "read_file"));
	cleanup(buf_free) struct buf once = BUF_INIT, again = BUF_INIT;

	(void)state;
	read_body(slice_of(body), OTLP_LOGS, &once);
	read_body(slice_of(body), OTLP_LOGS, &again);
	assert_string_equal(once.data, again.data);
	assert_true(
	    slice_starts_with(buf_slice(&once), SLICE_LITERAL("otlp-")));
}

static void
numbered_records_are_told_by_their_runs(void **state)
{
	static const unsigned numbers[] = { 4, 5, 6, 9, 6, 10, 1, 7 };
	cleanup(otlp_calls_freep) struct otlp_calls *calls = otlp_calls_new();
	cleanup(buf_free) struct buf out = BUF_INIT;
	struct json_writer json;

	(void)state;
	for (size_t i = 0; i < COUNT(numbers); i++) {
		struct otlp_record record = { .signal = OTLP_LOGS };
		char digits[8];

		snprintf(digits, sizeof(digits), "%u", numbers[i]);
		otlp_record_put(
		    &record, OTLP_SESSION, 0, OTLP_STRING, SLICE_LITERAL("s"));
		otlp_record_put(
		    &record, OTLP_SEQUENCE, 0, OTLP_NUMBER, slice_of(digits));
		otlp_calls_take(calls, &record);
	}
	json_writer_init(&json, &out);
	json_writer_array(&json);
	otlp_calls_write_sequences(calls, &json);
	json_writer_end_array(&json);
	assert_string_equal(
	    out.data, "[{\"session_id\":\"s\",\"ranges\":[4,7,9,10,1,1]}]");
}

/* So many that the table of keys grows, and commands are many. */
static void
many_calls_are_written_piece_by_piece(void **state)
{
	enum { CALLS = 2000, PIECE_BYTES = 10000 };
	cleanup(otlp_calls_freep) struct otlp_calls *calls = otlp_calls_new();
	size_t next = 0, pieces = 0;

	(void)state;
	for (unsigned i = 0; i < 2 * CALLS; i++) {
		struct otlp_record record = { .signal = OTLP_LOGS,
			.ended_ns = 1000000000 };
		char id[16];

		snprintf(id, sizeof(id), "c%u", i % CALLS);
		otlp_record_put(&record, OTLP_EVENT, 0, OTLP_STRING,
		    SLICE_LITERAL("tool_result"));
		otlp_record_put(
		    &record, OTLP_TOOL, 0, OTLP_STRING, SLICE_LITERAL("Read"));
		otlp_record_put(
		    &record, OTLP_CALL, 0, OTLP_STRING, slice_of(id));
		otlp_calls_take(calls, &record);
	}
	otlp_calls_finish(calls);
	assert_int_equal(otlp_calls_count(calls), CALLS);
	while (next < CALLS) {
		cleanup(buf_free) struct buf out = BUF_INIT;
		struct json_writer json;
		size_t first = next;

		json_writer_init(&json, &out);
		json_writer_array(&json);
		next = otlp_calls_write(calls, first, PIECE_BYTES, &json);
		json_writer_end_array(&json);
		assert_true(next > first);
		assert_in_range(out.len, 1, PIECE_BYTES + 2);
		pieces++;
	}
	assert_in_range(pieces, 2, CALLS / 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_agents_sent_is_understood),
		cmocka_unit_test(how_a_call_ended_is_found_where_agents_say_it),
		cmocka_unit_test(what_several_records_tell_is_one_call),
		cmocka_unit_test(what_is_no_call_is_passed_over),
		cmocka_unit_test(a_resource_counts_wherever_it_stands),
		cmocka_unit_test(
		    a_record_without_an_id_gets_the_same_each_time),
		cmocka_unit_test(numbered_records_are_told_by_their_runs),
		cmocka_unit_test(many_calls_are_written_piece_by_piece),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
