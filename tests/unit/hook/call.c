#include "hook/call.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#define NOW  ((usec_t)1795464908123456) /* 2026-11-23T20:15:08.123456Z */
#define BOOT ((usec_t)7200 * USEC_PER_SEC)

/* --- a daemon that says one thing of every call ----------------------------
 */

static struct {
	bool is_there;
	enum entry_tier tier;
	const char *line; /* NULL: none */
} said;

int
delivery_ask(struct delivery *delivery, struct slice agent_name,
    struct slice capability, struct delivery_policy *ret, struct error *err)
{
	(void)delivery;
	(void)agent_name;
	(void)capability;
	if (!said.is_there)
		return error_set(err, ERROR_UNREACHABLE, "nobody");
	ret->tier = said.tier;
	ret->is_explicit = said.line != NULL;
	if (said.line != NULL)
		buf_add_str(&ret->line, said.line);
	return 0;
}

/* --- a session --------------------------------------------------------------
 */

struct fixture {
	char folder[64];
	usec_t boottime;
	struct buf text; /* of the event: its slices lie in it */
	struct json_reader reader;
	struct event event;
	struct call_desk desk;
};

static int
set_up(void **state)
{
	static struct fixture fixture;

	fixture = (struct fixture){
		.boottime = BOOT, .text = BUF_INIT, .reader = JSON_READER_INIT
	};
	snprintf(
	    fixture.folder, sizeof(fixture.folder), "/tmp/kruxos-call-XXXXXX");
	assert_non_null(mkdtemp(fixture.folder));
	setenv("XDG_RUNTIME_DIR", fixture.folder, 1);
	said.is_there = true;
	said.tier = ENTRY_AUTONOMOUS;
	said.line = NULL;
	*state = &fixture;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *fixture = *state;
	char path[96];

	waiting_end(fixture->desk.waiting);
	waiting_sweep(fixture->desk.waiting, UINT64_MAX / 2);
	waiting_free(fixture->desk.waiting);
	call_desk_free(&fixture->desk);
	json_reader_free(&fixture->reader);
	buf_free(&fixture->text);
	snprintf(path, sizeof(path), "%s/kruxos-hook", fixture->folder);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(rmdir(fixture->folder), 0);
	return 0;
}

/* What becomes of the event `name` of Claude Code, with the members `rest`. */
static struct call_desk *
take(struct fixture *fixture, const char *name, const char *rest)
{
	struct call_desk *desk = &fixture->desk;
	struct error err = { 0 };

	waiting_free(desk->waiting);
	call_desk_free(desk);
	buf_reset(&fixture->text);
	buf_addf(&fixture->text,
	    "{\"session_id\":\"s\",\"hook_event_name\":\"%s\"%s}", name, rest);
	assert_int_equal(
	    json_reader_read(&fixture->reader, buf_slice(&fixture->text), &err),
	    0);
	event_read(EVENT_CLAUDE_CODE, (struct slice){ NULL, 0 },
	    &fixture->reader, &fixture->event);
	*desk = (struct call_desk){
		.event = &fixture->event,
		.agent_name = SLICE_LITERAL("claude-code"),
		.now = NOW,
		.boottime = fixture->boottime,
		.pid = 42,
		.waiting = waiting_open(SLICE_LITERAL("claude-code"),
		    SLICE_LITERAL("s"), fixture->boottime, &err),
		.lines = BUF_INIT,
		.reason = BUF_INIT,
		.names = BUF_INIT,
	};
	assert_non_null(desk->waiting);
	call_take(desk);
	if (desk->has_begun) {
		desk->begins.begun = fixture->boottime;
		waiting_begin(desk->waiting, &desk->begins);
	}
	return desk;
}

static void
assert_says(const struct call_desk *desk, const char *words)
{
	if (strstr(desk->lines.data, words) == NULL)
		fail_msg("%s is not in %s", words, desk->lines.data);
}

static size_t
lines_of(const struct call_desk *desk)
{
	size_t count = 0;

	for (size_t i = 0; i < desk->lines.len; i++)
		count += desk->lines.data[i] == '\n';
	return count;
}

#define BASH(id)                                                       \
	",\"tool_name\":\"Bash\",\"tool_input\":{\"command\":\"ls\"}," \
	"\"tool_use_id\":\"" id "\""

static void
a_call_is_measured_between_its_halves(void **state)
{
	struct fixture *fixture = *state;
	struct call_desk *desk = take(fixture, "PreToolUse", BASH("t1"));

	assert_says(desk, "\"call_id\":\"t1\",\"capability\":\"shell.exec\","
			  "\"policy_tier\":\"autonomous\","
			  "\"status\":\"pending\"");
	fixture->boottime += 1234567;
	desk = take(fixture, "PostToolUse", BASH("t1"));
	assert_says(desk, "\"decided_by\":\"none\",\"status\":\"success\","
			  "\"duration_ms\":1234.567");
	/* It has ended: another word about it has no first half. */
	desk = take(fixture, "PostToolUse", BASH("t1"));
	assert_null(strstr(desk->lines.data, "duration_ms"));
}

static void
a_person_is_waited_for_as_long_as_the_call_did_not_run(void **state)
{
	struct fixture *fixture = *state;
	struct call_desk *desk;

	take(fixture, "PreToolUse", BASH("t1"));
	fixture->boottime += USEC_PER_SEC;
	desk = take(fixture, "PermissionRequest",
	    ",\"tool_name\":\"Bash\",\"tool_input\":{\"command\":\"ls\"}");
	assert_says(desk, "\"call_id\":\"t1\",\"capability\":"
			  "\"approval.request\"");
	fixture->boottime += 9 * USEC_PER_SEC;
	desk = take(fixture, "PostToolUse", BASH("t1") ",\"duration_ms\":1500");
	assert_says(desk, "\"decided_by\":\"user\",\"status\":\"success\","
			  "\"duration_ms\":1500");
	assert_says(desk, "\"waited_ms\":7500.000");
}

static void
a_duration_that_is_none_is_not_believed(void **state)
{
	static const char *const durations[] = { "-1", "1e300",
		"0.00000000000000000000000000000000000000000001" };
	struct fixture *fixture = *state;

	for (size_t i = 0; i < 3; i++) {
		cleanup(buf_free) struct buf rest = BUF_INIT;

		take(fixture, "PreToolUse", BASH("t1"));
		fixture->boottime += 2000;
		buf_addf(
		    &rest, "%s,\"duration_ms\":%s", BASH("t1"), durations[i]);
		assert_says(take(fixture, "PostToolUse", rest.data),
		    "\"duration_ms\":2.000");
	}
}

static void
what_is_blocked_is_denied_and_waits_for_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct call_desk *desk;

	said.tier = ENTRY_BLOCKED;
	said.line = "kruxos.conf:7: shell.* = blocked";
	desk = take(fixture, "PreToolUse", BASH("t1"));
	assert_int_equal(desk->verdict, ANSWER_DENY);
	assert_string_equal(desk->reason.data,
	    "shell.exec is blocked by policy (kruxos.conf:7: shell.* = "
	    "blocked)");
	assert_says(desk, "\"policy_tier\":\"blocked\","
			  "\"decided_by\":\"policy\",\"status\":\"denied\"");
	assert_false(desk->has_begun);
}

static void
without_the_daemon_the_configuration_decides(void **state)
{
	struct policy_rule rule = { NULL, "shell.*", ENTRY_APPROVAL_REQUIRED,
		"/etc/kruxos/kruxos.conf", 12 };
	struct policy policy = { "/etc/kruxos/kruxos.conf", &rule, 1 };
	struct fixture *fixture = *state;
	struct call_desk *desk = take(fixture, "Stop", "");
	struct delivery_policy found = { .line = BUF_INIT };

	said.is_there = false;
	ask_policy(desk, SLICE_LITERAL("shell.exec"), &found);
	assert_int_equal(found.tier, ENTRY_NO_TIER);
	desk->policy = &policy;
	ask_policy(desk, SLICE_LITERAL("shell.exec"), &found);
	assert_int_equal(found.tier, ENTRY_APPROVAL_REQUIRED);
	assert_true(found.is_explicit);
	assert_string_equal(
	    found.line.data, "kruxos.conf:12: shell.* = approval_required");
	buf_free(&found.line);
}

static void
what_cannot_be_recorded_is_denied_in_its_entry_too(void **state)
{
	struct fixture *fixture = *state;
	struct call_desk *desk = take(fixture, "PreToolUse", BASH("t1"));

	call_deny(desk, "the disk is full");
	assert_int_equal(desk->verdict, ANSWER_DENY);
	assert_int_equal(lines_of(desk), 1);
	assert_says(desk, "\"decided_by\":\"hook\",\"status\":\"denied\"");
	assert_string_equal(desk->reason.data,
	    "no call may run that is not recorded: the disk is full");
	/* What is denied already has its reason. */
	call_deny(desk, "another");
	assert_non_null(strstr(desk->reason.data, "the disk is full"));
}

static void
a_batch_ends_what_never_ran_and_nothing_else(void **state)
{
	struct fixture *fixture = *state;
	struct call_desk *desk;

	take(fixture, "PreToolUse", BASH("ran"));
	take(fixture, "PreToolUse", BASH("denied"));
	take(fixture, "PostToolUse", BASH("ran"));
	desk = take(fixture, "PostToolBatch",
	    ",\"tool_calls\":[{\"tool_name\":\"Bash\",\"tool_use_id\":\"ran\"}"
	    ",7,{\"tool_name\":\"Bash\"},{\"tool_name\":\"Bash\","
	    "\"tool_use_id\":\"denied\",\"tool_response\":"
	    "\"PreToolUse:Bash hook error: no\"}]");
	assert_int_equal(lines_of(desk), 1);
	assert_says(desk, "\"call_id\":\"denied\"");
	assert_says(desk, "\"decided_by\":\"hook\",\"status\":\"denied\"");
}

static void
a_batch_has_no_more_entries_than_can_be_handed_in(void **state)
{
	struct fixture *fixture = *state;
	cleanup(buf_free) struct buf rest = BUF_INIT;

	buf_add_str(&rest, ",\"tool_calls\":[0");
	for (int i = 0; i < DELIVERY_LINES + 5; i++) {
		cleanup(buf_free) struct buf call = BUF_INIT;

		buf_addf(&call,
		    ",\"tool_name\":\"Bash\",\"tool_use_id\":\"t%d\"", i);
		take(fixture, "PreToolUse", call.data);
		buf_addf(&rest, ",{%s}", call.data + 1);
	}
	buf_add_char(&rest, ']');
	assert_int_equal(lines_of(take(fixture, "PostToolBatch", rest.data)),
	    DELIVERY_LINES);
}

static void
a_sub_agents_calls_name_the_call_that_started_it(void **state)
{
	struct fixture *fixture = *state;

	take(fixture, "PreToolUse",
	    ",\"tool_name\":\"Agent\",\"tool_use_id\":\"starter\"");
	assert_says(take(fixture, "SubagentStart", ",\"agent_id\":\"a1\""),
	    "\"parent_call_id\":\"starter\"");
	assert_says(
	    take(fixture, "PreToolUse", BASH("t1") ",\"agent_id\":\"a1\""),
	    "\"parent_call_id\":\"starter\"");
	assert_null(strstr(
	    take(fixture, "PreToolUse", BASH("t2"))->lines.data, "parent"));
}

static void
the_end_of_a_sub_agent_ends_its_open_questions_alone(void **state)
{
	struct fixture *fixture = *state;
	struct call_desk *desk;

	said.tier = ENTRY_APPROVAL_REQUIRED;
	take(fixture, "PreToolUse", BASH("t1"));
	take(fixture, "PreToolUse", BASH("t2") ",\"agent_id\":\"a1\"");
	desk = take(fixture, "SubagentStop", ",\"agent_id\":\"a1\"");
	assert_int_equal(lines_of(desk), 2);
	assert_says(desk, "\"call_id\":\"t2\"");
	assert_says(desk, "\"decided_by\":\"user\",\"status\":\"denied\"");
	desk = take(fixture, "SessionEnd", "");
	assert_int_equal(lines_of(desk), 2);
	assert_says(desk, "\"call_id\":\"t1\"");
}

static void
without_a_folder_entries_lack_durations_and_no_more(void **state)
{
	struct fixture *fixture = *state;
	struct call_desk *desk = take(fixture, "PostToolUse", BASH("t1"));
	struct waiting *waiting = desk->waiting;

	desk->waiting = NULL;
	for (int kind = 0; kind < EVENT_KINDS; kind++) {
		buf_reset(&desk->lines);
		fixture->event.kind = (enum event_kind)kind;
		call_take(desk);
		assert_int_equal(lines_of(desk),
		    kind != EVENT_IGNORED && kind != EVENT_BATCH);
	}
	desk->waiting = waiting;
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	static const struct CMUnitTest tests[] = {
		TEST(a_call_is_measured_between_its_halves),
		TEST(a_person_is_waited_for_as_long_as_the_call_did_not_run),
		TEST(a_duration_that_is_none_is_not_believed),
		TEST(what_is_blocked_is_denied_and_waits_for_nothing),
		TEST(without_the_daemon_the_configuration_decides),
		TEST(what_cannot_be_recorded_is_denied_in_its_entry_too),
		TEST(a_batch_ends_what_never_ran_and_nothing_else),
		TEST(a_batch_has_no_more_entries_than_can_be_handed_in),
		TEST(a_sub_agents_calls_name_the_call_that_started_it),
		TEST(the_end_of_a_sub_agent_ends_its_open_questions_alone),
		TEST(without_a_folder_entries_lack_durations_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
