#include "lib/door/envelope.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define NOW ((usec_t)1795464908123456) /* 2026-11-23T20:15:08.123456Z */

#define EVENT(type, rest)                                                     \
	"{\"type\":\"" type "\",\"timestamp\":\"2026-11-23T20:00:00Z\"," rest \
	"}"
#define BY_A_IN_S "\"agent\":\"a\",\"session_id\":\"s\","

static struct message_parser parser = MESSAGE_PARSER_INIT;

static int
parse_as(
    unsigned classes, const char *line, struct message *ret, struct error *err)
{
	struct message_peer peer = { 0, classes, SLICE_LITERAL("root") };

	return message_parse(&parser, &peer, NOW, slice_of(line), ret, err);
}

static void
assert_slice(struct slice slice, const char *text)
{
	if (!slice_equal(slice, slice_of(text)))
		fail_msg("\"%.*s\" is not \"%s\"", SLICE_ARG(slice), text);
}

static const struct {
	const char *line;
	enum entry_actor actor;
	const char *actor_name, *session_id, *call_id, *capability;
	enum entry_status status;
	enum entry_tier tier;
	enum entry_decider decider;
	const char *duration_ms, *summary, *request;
} cases[] = {
	{ EVENT("capability_invoked",
	      BY_A_IN_S "\"data\":{\"capability\":\"fs.read\",\"arguments\":"
			"{\"path\":\"/x\"},\"permission_tier\":\"autonomous\","
			"\"duration_ms\":12}"),
	    ENTRY_AGENT, "a", "s", NULL, "fs.read", ENTRY_PENDING,
	    ENTRY_AUTONOMOUS, ENTRY_UNDECIDED, "12", NULL,
	    "{\"capability\":\"fs.read\",\"arguments\":{\"path\":\"/x\"},"
	    "\"permission_tier\":\"autonomous\",\"duration_ms\":12}" },
	{ EVENT("capability_result",
	      BY_A_IN_S "\"data\":{\"capability\":\"mcp__x__y\","
			"\"success\":true,\"duration_ms\":1.50,"
			"\"call_id\":\"c1\"}"),
	    ENTRY_AGENT, "a", "s", "c1", "mcp.x.y", ENTRY_SUCCESS,
	    ENTRY_NO_TIER, ENTRY_UNDECIDED, "1.50", NULL, NULL },
	{ EVENT("capability_result",
	      BY_A_IN_S "\"data\":{\"capability\":\"fs.read\","
			"\"success\":false}"),
	    ENTRY_AGENT, "a", "s", NULL, "fs.read", ENTRY_ERROR, ENTRY_NO_TIER,
	    ENTRY_UNDECIDED, NULL, NULL, NULL },
	{ EVENT("capability_error",
	      BY_A_IN_S "\"data\":{\"capability\":\"fs.write\",\"error_type\":"
			"\"PolicyDenied\",\"message\":\"no\","
			"\"tier\":\"blocked\"}"),
	    ENTRY_AGENT, "a", "s", NULL, "fs.write", ENTRY_ERROR, ENTRY_BLOCKED,
	    ENTRY_UNDECIDED, NULL, "no", NULL },
	{ EVENT("policy_violation",
	      BY_A_IN_S "\"data\":{\"capability\":\"process.run\",\"rule\":"
			"\"r\",\"reason\":\"rm\",\"tier\":\"blocked\"}"),
	    ENTRY_AGENT, "a", "s", NULL, "process.run", ENTRY_DENIED,
	    ENTRY_BLOCKED, ENTRY_BY_POLICY, NULL, "rm", NULL },
	{ EVENT("approval_requested",
	      BY_A_IN_S "\"data\":{\"approval_id\":\"ap1\",\"capability\":"
			"\"process.run\",\"reason\":\"needs it\"}"),
	    ENTRY_AGENT, "a", "s", "ap1", "approval.request", ENTRY_PENDING,
	    ENTRY_NO_TIER, ENTRY_BY_POLICY, NULL, "needs it", NULL },
	{ EVENT("approval_resolved",
	      "\"agent\":\"a\",\"data\":{\"approval_id\":\"ap1\","
	      "\"decision\":\"approved\",\"decided_by\":\"admin\"}"),
	    ENTRY_USER, "admin", NULL, "ap1", "approval.accept", ENTRY_SUCCESS,
	    ENTRY_NO_TIER, ENTRY_BY_USER, NULL, NULL, NULL },
	{ EVENT("approval_resolved",
	      "\"agent\":\"a\",\"data\":{\"approval_id\":\"ap1\","
	      "\"decision\":\"rejected\",\"decided_by\":\"admin\"}"),
	    ENTRY_USER, "admin", NULL, "ap1", "approval.reject", ENTRY_SUCCESS,
	    ENTRY_NO_TIER, ENTRY_BY_USER, NULL, NULL, NULL },
	{ EVENT("session_started",
	      "\"agent\":\"a\",\"data\":{\"session_id\":\"s2\"}"),
	    ENTRY_AGENT, "a", "s2", NULL, "session.start", ENTRY_SUCCESS,
	    ENTRY_NO_TIER, ENTRY_UNDECIDED, NULL, NULL,
	    "{\"session_id\":\"s2\"}" },
	{ EVENT("session_ended",
	      "\"data\":{\"session_id\":\"s2\",\"duration_seconds\":3600},"
	      "\"agent\":\"a\""),
	    ENTRY_AGENT, "a", "s2", NULL, "session.end", ENTRY_SUCCESS,
	    ENTRY_NO_TIER, ENTRY_UNDECIDED, NULL, NULL, NULL },
	{ EVENT("rate_limit_hit",
	      "\"agent\":\"a\",\"data\":{\"limit\":100,\"window\":\"1h\"}"),
	    ENTRY_AGENT, "a", NULL, NULL, "rate_limit.hit", ENTRY_DENIED,
	    ENTRY_NO_TIER, ENTRY_BY_POLICY, NULL, NULL, NULL },
	{ EVENT("write_buffered",
	      "\"agent\":\"a\",\"data\":{\"write_id\":\"w1\",\"service\":"
	      "\"gmail\"}"),
	    ENTRY_AGENT, "a", NULL, "w1", "proxy.buffer", ENTRY_PENDING,
	    ENTRY_NO_TIER, ENTRY_UNDECIDED, NULL, NULL, NULL },
	{ EVENT("health_alert",
	      "\"agent\":null,\"data\":{\"component\":\"disk\",\"message\":"
	      "\"85%\"}"),
	    ENTRY_SYSTEM, NULL, NULL, NULL, "alerts.send", ENTRY_SUCCESS,
	    ENTRY_NO_TIER, ENTRY_UNDECIDED, NULL, "85%", NULL },
	/* Who sends null has none. */
	{ EVENT("session_started",
	      "\"agent\":\"a\",\"data\":{\"session_id\":null}"),
	    ENTRY_AGENT, "a", NULL, NULL, "session.start", ENTRY_SUCCESS,
	    ENTRY_NO_TIER, ENTRY_UNDECIDED, NULL, NULL,
	    "{\"session_id\":null}" },
	{ EVENT("health_alert", "\"agent\":\"a\",\"data\":{}"), ENTRY_AGENT,
	    "a", NULL, NULL, "alerts.send", ENTRY_SUCCESS, ENTRY_NO_TIER,
	    ENTRY_UNDECIDED, NULL, NULL, "{}" },
};

static void
each_event_becomes_the_entry_of_its_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct message message;
		const struct entry *entry = &message.entry;
		struct error err;

		if (parse_as(MESSAGE_OWNER, cases[i].line, &message, &err) ==
		    -1)
			fail_msg("%s: %s", cases[i].line, err.sentence);
		assert_int_equal(message.kind, MESSAGE_ENTRY);
		assert_int_equal(entry->time, NOW - 908123456);
		assert_int_equal(entry->source, ENTRY_GATEWAY);
		assert_int_equal(entry->actor, cases[i].actor);
		assert_slice(entry->actor_name, cases[i].actor_name);
		assert_slice(entry->session_id, cases[i].session_id);
		assert_slice(entry->call_id, cases[i].call_id);
		assert_slice(entry->capability, cases[i].capability);
		assert_int_equal(entry->status, cases[i].status);
		assert_int_equal(entry->tier, cases[i].tier);
		assert_int_equal(entry->decider, cases[i].decider);
		assert_slice(entry->duration_ms, cases[i].duration_ms);
		assert_int_equal(
		    message.summary == NULL, cases[i].summary == NULL);
		if (message.summary != NULL)
			assert_slice(message.summary->text, cases[i].summary);
		if (cases[i].request != NULL)
			assert_slice(message.request->text, cases[i].request);
	}
}

static void
every_event_of_the_table_is_tested(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(events); i++) {
		size_t found = 0;

		for (size_t k = 0; k < COUNT(cases); k++)
			if (strstr(cases[k].line, events[i].type) != NULL)
				found++;
		if (found == 0)
			fail_msg("%s has no case", events[i].type);
	}
}

static void
a_bad_event_is_refused_by_code_and_field(void **state)
{
	static const struct {
		const char *line;
		enum error_code code;
		const char *field;
	} refusals[] = {
		{ "{\"type\":1}", ERROR_WRONG_TYPE, "type" },
		{ "{\"type\":\"dream\"}", ERROR_OUT_OF_RANGE, "type" },
		{ EVENT("session_started", "\"agent\":\"a\""),
		    ERROR_MISSING_FIELD, "data" },
		{ EVENT("session_started", "\"data\":{}"), ERROR_MISSING_FIELD,
		    "agent" },
		{ EVENT("session_started", "\"agent\":null,\"data\":{}"),
		    ERROR_MISSING_FIELD, "agent" },
		{ EVENT("session_started", "\"agent\":\"a b\",\"data\":{}"),
		    ERROR_OUT_OF_RANGE, "agent" },
		{ EVENT("session_started", "\"agent\":\"a\",\"data\":[]"),
		    ERROR_WRONG_TYPE, "data" },
		{ EVENT(
		      "session_started", "\"agent\":\"a\",\"data\":{},\"x\":1"),
		    ERROR_UNKNOWN_FIELD, "x" },
		{ EVENT("session_started",
		      "\"agent\":\"a\",\"data\":{\"session_id\":3}"),
		    ERROR_WRONG_TYPE, "data.session_id" },
		{ EVENT("capability_result", "\"agent\":\"a\",\"data\":{}"),
		    ERROR_MISSING_FIELD, "data.capability" },
		{ EVENT("capability_result",
		      "\"agent\":\"a\",\"data\":{\"capability\":\"x\"}"),
		    ERROR_OUT_OF_RANGE, "data.capability" },
		{ EVENT("capability_result",
		      "\"agent\":\"a\",\"data\":{\"capability\":\"x.y\","
		      "\"success\":\"yes\"}"),
		    ERROR_WRONG_TYPE, "data.success" },
		{ EVENT("capability_result",
		      "\"agent\":\"a\",\"data\":{\"capability\":\"x.y\","
		      "\"tier\":\"free\"}"),
		    ERROR_OUT_OF_RANGE, "data.tier" },
		{ EVENT("approval_resolved", "\"data\":{\"decided_by\":\"x\"}"),
		    ERROR_MISSING_FIELD, "data.decision" },
		{ EVENT("approval_resolved",
		      "\"data\":{\"decided_by\":\"x\",\"decision\":\"?\"}"),
		    ERROR_OUT_OF_RANGE, "data.decision" },
		{ EVENT("approval_resolved",
		      "\"data\":{\"decided_by\":\"x\",\"decision\":true}"),
		    ERROR_OUT_OF_RANGE, "data.decision" },
		{ EVENT("approval_resolved",
		      "\"data\":{\"decision\":\"approved\"}"),
		    ERROR_MISSING_FIELD, "data.decided_by" },
		/* As for entries. */
		{ EVENT("capability_result",
		      "\"agent\":\"a\",\"data\":{\"capability\":"
		      "\"audit.erase\"}"),
		    ERROR_NOT_ALLOWED, "capability" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(refusals); i++) {
		struct message message;
		struct error err = { 0 };

		if (parse_as(MESSAGE_OWNER, refusals[i].line, &message, &err) ==
		    0)
			fail_msg("%s: accepted", refusals[i].line);
		if (err.code != refusals[i].code ||
		    strcmp(err.field, refusals[i].field) != 0)
			fail_msg("%s: %s of \"%s\" (%s)", refusals[i].line,
			    error_code_name(err.code), err.field, err.sentence);
	}
}

static void
a_producer_cannot_report_decisions_of_users(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		bool may = cases[i].actor == ENTRY_AGENT &&
			   strcmp(cases[i].capability, "proxy.buffer") != 0;
		struct message message;
		struct error err = { 0 };
		int result =
		    parse_as(MESSAGE_PRODUCER, cases[i].line, &message, &err);

		if ((result == 0) != may)
			fail_msg("%s: %s", cases[i].line, err.sentence);
		if (!may)
			assert_int_equal(err.code, ERROR_NOT_ALLOWED);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_event_becomes_the_entry_of_its_row),
		cmocka_unit_test(every_event_of_the_table_is_tested),
		cmocka_unit_test(a_bad_event_is_refused_by_code_and_field),
		cmocka_unit_test(a_producer_cannot_report_decisions_of_users),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	message_parser_free(&parser);
	return failed;
}
