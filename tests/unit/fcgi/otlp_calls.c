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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_agents_sent_is_understood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
