#include "lib/door/message.c"

#include "base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define NOW ((usec_t)1795464908123456) /* 2026-11-23T20:15:08.123456Z */

/* The least that makes an agent's entry, and room for more members. */
#define AGENT                                            \
	"\"actor_type\":\"agent\",\"agent_name\":\"a\"," \
	"\"capability\":\"fs.read\",\"status\":\"success\""
#define USER                                                  \
	"\"actor_type\":\"user\",\"capability\":\"fs.read\"," \
	"\"status\":\"success\""

#define X8   "xxxxxxxx"
#define X64  X8 X8 X8 X8 X8 X8 X8 X8
#define X129 X64 X64 "x"

static struct message_parser parser = MESSAGE_PARSER_INIT;

static int
parse_as(
    unsigned classes, struct slice line, struct message *ret, struct error *err)
{
	struct message_peer peer = { 1001, classes, SLICE_LITERAL("ann") };

	return message_parse(&parser, &peer, NOW, line, ret, err);
}

static struct message
parsed_as(unsigned classes, const char *line)
{
	struct message message;
	struct error err;

	if (parse_as(classes, slice_of(line), &message, &err) == -1)
		fail_msg("%s: %s", line, err.sentence);
	return message;
}

static struct message
parsed(const char *line)
{
	return parsed_as(MESSAGE_OWNER, line);
}

static void
assert_slice(struct slice slice, const char *text)
{
	if (!slice_is(slice, text))
		fail_msg("\"%.*s\" is not \"%s\"", SLICE_ARG(slice), text);
}

static void
an_entry_carries_every_field_that_its_producer_said(void **state)
{
	struct message message =
	    parsed("{\"time\":\"2026-11-23T20:15:01Z\",\"source\":\"hook\","
		   "\"actor_type\":\"agent\",\"agent_name\":\"research-agent\","
		   "\"session_id\":\"sess-a1\",\"call_id\":\"toolu_01\","
		   "\"parent_call_id\":\"toolu_00\",\"trace_id\":\"t1\","
		   "\"capability\":\"shell.exec\",\"policy_tier\":\"notify\","
		   "\"decided_by\":\"policy\",\"status\":\"error\","
		   "\"duration_ms\":12.30,\"summary\":\"exit 1\","
		   "\"request\":{\"command\":\"ls\"}}\r");
	const struct entry *entry = &message.entry;

	(void)state;
	assert_int_equal(message.kind, MESSAGE_ENTRY);
	assert_int_equal(entry->time, NOW - 7 * USEC_PER_SEC - 123456);
	assert_false(entry->is_clamped);
	assert_int_equal(entry->uid, 1001);
	assert_int_equal(entry->source, ENTRY_HOOK);
	assert_int_equal(entry->actor, ENTRY_AGENT);
	assert_slice(entry->actor_name, "research-agent");
	assert_slice(entry->session_id, "sess-a1");
	assert_slice(entry->call_id, "toolu_01");
	assert_slice(entry->parent_call_id, "toolu_00");
	assert_slice(entry->trace_id, "t1");
	assert_slice(entry->capability, "shell.exec");
	assert_int_equal(entry->tier, ENTRY_NOTIFY);
	assert_int_equal(entry->decider, ENTRY_BY_POLICY);
	assert_int_equal(entry->status, ENTRY_ERROR);
	assert_slice(entry->duration_ms, "12.30");
	assert_slice(message.summary->text, "exit 1");
	assert_slice(message.request->text, "{\"command\":\"ls\"}");
}

static void
what_a_producer_leaves_out_has_its_default(void **state)
{
	struct message message = parsed_as(MESSAGE_PRODUCER, "{" AGENT "}");

	(void)state;
	assert_int_equal(message.entry.time, NOW);
	assert_int_equal(message.entry.source, ENTRY_SDK);
	assert_int_equal(message.entry.tier, ENTRY_NO_TIER);
	assert_int_equal(message.entry.decider, ENTRY_UNDECIDED);
	assert_null(message.entry.session_id.data);
	assert_null(message.entry.duration_ms.data);
	assert_null(message.summary);
	assert_null(message.request);

	message = parsed_as(MESSAGE_OWNER, "{" AGENT "}");
	assert_int_equal(message.entry.source, ENTRY_CLI);
	message = parsed_as(MESSAGE_OPERATOR, "{" USER "}");
	assert_int_equal(message.entry.source, ENTRY_CLI);
	assert_slice(message.entry.actor_name, "ann");
	/* One who is both speaks as himself from his terminal. */
	message = parsed_as(MESSAGE_OPERATOR | MESSAGE_PRODUCER, "{" USER "}");
	assert_int_equal(message.entry.source, ENTRY_CLI);
}

static void
the_order_of_members_does_not_matter(void **state)
{
	struct message message =
	    parsed("{\"request\":{},\"status\":\"denied\",\"capability\":"
		   "\"a.b\",\"time\":\"2026-11-23T20:15:08Z\","
		   "\"agent_name\":\"x\",\"actor_type\":\"agent\"}");

	(void)state;
	assert_int_equal(message.entry.status, ENTRY_DENIED);
	assert_slice(message.entry.capability, "a.b");
	assert_slice(message.entry.actor_name, "x");
}

static void
an_empty_line_says_nothing(void **state)
{
	static const char *const lines[] = { "", "\r", " ", " \t\r" };

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++)
		assert_int_equal(parsed(lines[i]).kind, MESSAGE_BLANK);
}

static void
names_of_mcp_tools_get_dots(void **state)
{
	static const struct {
		const char *given, *kept;
	} cases[] = {
		{ "mcp__github__create_issue", "mcp.github.create_issue" },
		{ "mcp__a__b__c", "mcp.a.b__c" },
		{ "mcp__claude.ai__x", "mcp.claude.ai.x" },
		{ "mcp.github.x", "mcp.github.x" },
		{ "x.mcp__a__b", "x.mcp__a__b" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(buf_free) struct buf line = BUF_INIT;

		buf_addf(&line,
		    "{\"actor_type\":\"agent\",\"agent_name\":\"a\","
		    "\"status\":\"success\",\"capability\":\"%s\"}",
		    cases[i].given);
		assert_slice(parsed(line.data).entry.capability, cases[i].kept);
	}
}

/* --- what is refused ------------------------------------------------------ */

static const struct refusal {
	const char *line;
	enum error_code code;
	const char *field;
} refusals[] = {
	{ "{", ERROR_BAD_JSON, "" },
	{ "{\"a\":1} x", ERROR_BAD_JSON, "" },
	{ "x", ERROR_BAD_JSON, "" },
	{ "{\"actor_type\":\"\xff\"}", ERROR_BAD_UTF8, "" },
	{ "[]", ERROR_WRONG_TYPE, "" },
	{ "\"text\"", ERROR_WRONG_TYPE, "" },
	{ "7", ERROR_WRONG_TYPE, "" },
	{ "{" AGENT ",\"status\":\"error\"}", ERROR_DUPLICATE_KEY, "status" },
	{ "{" AGENT ",\"request\":{\"a\":{\"b\":1,\"b\":2}}}",
	    ERROR_DUPLICATE_KEY, "b" },

	{ "{}", ERROR_MISSING_FIELD, "actor_type" },
	{ "{\"actor_type\":\"agent\"}", ERROR_MISSING_FIELD, "capability" },
	{ "{\"actor_type\":\"agent\",\"capability\":\"a.b\"}",
	    ERROR_MISSING_FIELD, "status" },
	{ "{\"actor_type\":\"agent\",\"capability\":\"a.b\","
	  "\"status\":\"error\"}",
	    ERROR_MISSING_FIELD, "agent_name" },
	{ "{" AGENT ",\"user_name\":\"u\"}", ERROR_UNKNOWN_FIELD, "user_name" },
	{ "{" USER ",\"agent_name\":\"u\"}", ERROR_UNKNOWN_FIELD,
	    "agent_name" },
	{ "{\"actor_type\":\"system\",\"agent_name\":\"a\",\"capability\":"
	  "\"a.b\",\"status\":\"error\"}",
	    ERROR_UNKNOWN_FIELD, "agent_name" },

	{ "{" AGENT ",\"colour\":1}", ERROR_UNKNOWN_FIELD, "colour" },
	{ "{" AGENT ",\"\\u001b[2J\":1}", ERROR_UNKNOWN_FIELD, "\\e[2J" },
	{ "{" AGENT ",\"a\\u0000b\":1}", ERROR_UNKNOWN_FIELD, "a\\x00b" },
	{ "{" AGENT ",\"seq\":1}", ERROR_NOT_ALLOWED, "seq" },
	{ "{" AGENT ",\"recorded_at\":1}", ERROR_NOT_ALLOWED, "recorded_at" },
	{ "{" AGENT ",\"time_clamped\":1}", ERROR_NOT_ALLOWED, "time_clamped" },
	{ "{" AGENT ",\"uid\":0}", ERROR_NOT_ALLOWED, "uid" },
	{ "{" AGENT ",\"entry_hash\":\"\"}", ERROR_NOT_ALLOWED, "entry_hash" },
	{ "{" AGENT ",\"prev_hash\":\"\"}", ERROR_NOT_ALLOWED, "prev_hash" },
	{ "{" AGENT ",\"payload_hash\":\"\"}", ERROR_NOT_ALLOWED,
	    "payload_hash" },
	{ "{" AGENT ",\"salt\":\"\"}", ERROR_NOT_ALLOWED, "salt" },
	{ "{" AGENT ",\"erased_by\":1}", ERROR_NOT_ALLOWED, "erased_by" },

	{ "{\"actor_type\":1}", ERROR_WRONG_TYPE, "actor_type" },
	{ "{\"actor_type\":\"robot\"}", ERROR_OUT_OF_RANGE, "actor_type" },
	{ "{" AGENT ",\"time\":1795464908}", ERROR_WRONG_TYPE, "time" },
	{ "{" AGENT ",\"time\":\"yesterday\"}", ERROR_OUT_OF_RANGE, "time" },
	{ "{" AGENT ",\"time\":\"2026-13-01T00:00:00Z\"}", ERROR_OUT_OF_RANGE,
	    "time" },
	{ "{" AGENT ",\"session_id\":null}", ERROR_WRONG_TYPE, "session_id" },
	{ "{" AGENT ",\"session_id\":\"\"}", ERROR_OUT_OF_RANGE, "session_id" },
	{ "{" AGENT ",\"session_id\":\"-x\"}", ERROR_OUT_OF_RANGE,
	    "session_id" },
	{ "{" AGENT ",\"call_id\":\"a b\"}", ERROR_OUT_OF_RANGE, "call_id" },
	{ "{" AGENT ",\"call_id\":\"a\\u0000\"}", ERROR_OUT_OF_RANGE,
	    "call_id" },
	{ "{" AGENT ",\"parent_call_id\":\"\\\"\"}", ERROR_OUT_OF_RANGE,
	    "parent_call_id" },
	{ "{" AGENT ",\"trace_id\":\"" X129 "\"}", ERROR_TOO_LONG, "trace_id" },
	{ "{\"actor_type\":\"agent\",\"agent_name\":\"" X129 "\"}",
	    ERROR_TOO_LONG, "agent_name" },
	{ "{\"capability\":\"shell\"}", ERROR_OUT_OF_RANGE, "capability" },
	{ "{\"capability\":\"file.*\"}", ERROR_OUT_OF_RANGE, "capability" },
	{ "{\"capability\":\"mcp__x\"}", ERROR_OUT_OF_RANGE, "capability" },
	{ "{\"capability\":\"mcp____x\"}", ERROR_OUT_OF_RANGE, "capability" },
	{ "{\"capability\":\"mcp__x__\"}", ERROR_OUT_OF_RANGE, "capability" },
	{ "{\"status\":\"done\"}", ERROR_OUT_OF_RANGE, "status" },
	{ "{\"status\":true}", ERROR_WRONG_TYPE, "status" },
	{ "{" AGENT ",\"policy_tier\":\"free\"}", ERROR_OUT_OF_RANGE,
	    "policy_tier" },
	{ "{" AGENT ",\"decided_by\":\"me\"}", ERROR_OUT_OF_RANGE,
	    "decided_by" },
	{ "{" AGENT ",\"source\":\"email\"}", ERROR_OUT_OF_RANGE, "source" },
	{ "{" AGENT ",\"duration_ms\":\"12\"}", ERROR_WRONG_TYPE,
	    "duration_ms" },
	{ "{" AGENT ",\"duration_ms\":-1}", ERROR_OUT_OF_RANGE, "duration_ms" },
	{ "{" AGENT ",\"duration_ms\":-0.0}", ERROR_OUT_OF_RANGE,
	    "duration_ms" },
	{ "{" AGENT ",\"duration_ms\":1e300}", ERROR_OUT_OF_RANGE,
	    "duration_ms" },
	{ "{" AGENT ",\"duration_ms\":1e400}", ERROR_OUT_OF_RANGE,
	    "duration_ms" },
	{ "{" AGENT ",\"duration_ms\":0.000000000000000000000000000000001}",
	    ERROR_TOO_LONG, "duration_ms" },
	{ "{" AGENT ",\"summary\":[]}", ERROR_WRONG_TYPE, "summary" },
	{ "{" AGENT ",\"request\":\"ls\"}", ERROR_WRONG_TYPE, "request" },
	{ "{" AGENT ",\"request\":[]}", ERROR_WRONG_TYPE, "request" },

	{ "{\"do\":\"ping\"}", ERROR_MISSING_FIELD, "id" },
	{ "{\"do\":1,\"id\":\"r\"}", ERROR_WRONG_TYPE, "do" },
	{ "{\"do\":\"\",\"id\":\"r\"}", ERROR_OUT_OF_RANGE, "do" },
	{ "{\"do\":\"ping\",\"id\":7}", ERROR_WRONG_TYPE, "id" },
	{ "{\"do\":\"ping\",\"id\":\"a b\"}", ERROR_OUT_OF_RANGE, "id" },
	{ "{\"do\":\"ping\",\"id\":\"r\",\"args\":[]}", ERROR_WRONG_TYPE,
	    "args" },
	{ "{\"do\":\"ping\",\"id\":\"r\",\"credential\":1}", ERROR_WRONG_TYPE,
	    "credential" },
	{ "{\"do\":\"ping\",\"id\":\"r\",\"status\":\"error\"}",
	    ERROR_UNKNOWN_FIELD, "status" },
};

static void
assert_refused(unsigned classes, struct slice line, enum error_code code,
    const char *field)
{
	struct message message = { .kind = MESSAGE_BLANK };
	struct error err = { 0 };

	if (parse_as(classes, line, &message, &err) == 0)
		fail_msg("%.*s: accepted", SLICE_ARG(line));
	if (err.code != code || strcmp(err.field, field) != 0)
		fail_msg("%.*s: %s of \"%s\" (%s)", SLICE_ARG(line),
		    error_code_name(err.code), err.field, err.sentence);
	assert_int_not_equal(strlen(err.sentence), 0);
	assert_null(strchr(err.sentence, '\n'));
}

static void
a_bad_line_is_refused_by_code_and_field(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(refusals); i++)
		assert_refused(MESSAGE_OWNER, slice_of(refusals[i].line),
		    refusals[i].code, refusals[i].field);
}

static void
nul_bytes_depth_and_length_are_bounded(void **state)
{
	cleanup(buf_free) struct buf line = BUF_INIT;

	(void)state;
	assert_refused(MESSAGE_OWNER, SLICE_LITERAL("{" AGENT ",\"a\0\":1}"),
	    ERROR_BAD_JSON, "");
	assert_refused(
	    MESSAGE_OWNER, SLICE_LITERAL("\0\0\0"), ERROR_BAD_JSON, "");

	buf_add_str(&line, "{" AGENT ",\"request\":");
	for (int i = 0; i < JSON_READER_DEPTH; i++)
		buf_add_str(&line, "{\"a\":");
	assert_refused(MESSAGE_OWNER, buf_slice(&line), ERROR_TOO_DEEP, "");

	buf_reset(&line);
	buf_add_chars(&line, '[', MESSAGE_LINE_BYTES + 1);
	assert_refused(MESSAGE_OWNER, buf_slice(&line), ERROR_TOO_LONG, "");
}

static void
a_sentence_shows_the_front_of_a_long_value(void **state)
{
	struct message message;
	struct error err = { 0 };

	(void)state;
	assert_int_equal(
	    parse_as(MESSAGE_OWNER, SLICE_LITERAL("{\"status\":\"" X129 "\"}"),
		&message, &err),
	    -1);
	assert_string_equal(err.sentence,
	    "status \"" X64 X8 X8
	    "…\" is not one of success, error, denied, pending");
}

static void
a_credential_has_a_bound(void **state)
{
	cleanup(buf_free) struct buf line = BUF_INIT;

	(void)state;
	buf_add_str(&line, "{\"do\":\"x.y\",\"id\":\"1\",\"credential\":\"");
	buf_add_chars(&line, 'k', MESSAGE_CREDENTIAL_BYTES);
	buf_add_str(&line, "\"}");
	assert_int_equal(
	    parsed(line.data).credential.len, MESSAGE_CREDENTIAL_BYTES);
	buf_set_len(&line, line.len - 2);
	buf_add_str(&line, "k\"}");
	assert_refused(
	    MESSAGE_OWNER, buf_slice(&line), ERROR_TOO_LONG, "credential");
}

/* --- who may what --------------------------------------------------------- */

#define ENTRY_OF(actor, capability) \
	"{" actor ",\"capability\":\"" capability "\",\"status\":\"success\""
#define AN_AGENT "\"actor_type\":\"agent\",\"agent_name\":\"a\""
#define A_USER	 "\"actor_type\":\"user\",\"user_name\":\"ann\""
#define ANOTHER	 "\"actor_type\":\"user\",\"user_name\":\"bob\""
#define A_SYSTEM "\"actor_type\":\"system\""

enum { PRODUCERS = MESSAGE_OWNER | MESSAGE_PRODUCER };

static const struct right {
	const char *line;
	unsigned may; /* those who may, of all the classes */
	const char *field;
} rights[] = {
	{ ENTRY_OF(AN_AGENT, "a.b") "}", PRODUCERS, "actor_type" },
	{ ENTRY_OF(A_USER, "a.b") "}", MESSAGE_OWNER | MESSAGE_OPERATOR,
	    "actor_type" },
	{ ENTRY_OF(A_SYSTEM, "a.b") "}", MESSAGE_OWNER, "actor_type" },
	{ ENTRY_OF(AN_AGENT, "alerts.send") "}", PRODUCERS, "actor_type" },
	{ ENTRY_OF(AN_AGENT, "session.start") "}", PRODUCERS, "actor_type" },
	{ ENTRY_OF(AN_AGENT, "session.end") "}", PRODUCERS, "actor_type" },
	{ ENTRY_OF(AN_AGENT, "session.note") "}", PRODUCERS, "actor_type" },
	{ ENTRY_OF(AN_AGENT, "approval.request") "}", PRODUCERS, "actor_type" },
	{ ENTRY_OF(AN_AGENT, "rate_limit.hit") "}", PRODUCERS, "actor_type" },
	{ ENTRY_OF(AN_AGENT, "agent.submit") "}", PRODUCERS, "actor_type" },
	{ ENTRY_OF(AN_AGENT, "proxy.buffer") "}", MESSAGE_OWNER, NULL },
	{ ENTRY_OF(A_USER, "approval.accept") "}", MESSAGE_OWNER, NULL },
	{ ENTRY_OF(A_USER, "approval.reject") "}", MESSAGE_OWNER, NULL },
	{ ENTRY_OF(AN_AGENT, "a.b") ",\"source\":\"gateway\"}", PRODUCERS,
	    NULL },
	{ ENTRY_OF(A_USER, "a.b") ",\"source\":\"cli\"}",
	    MESSAGE_OWNER | MESSAGE_OPERATOR, NULL },
	{ ENTRY_OF(AN_AGENT, "a.b") ",\"source\":\"import\"}", MESSAGE_OWNER,
	    NULL },
	{ ENTRY_OF(AN_AGENT, "a.b") ",\"source\":\"daemon\"}", 0, NULL },
	{ ENTRY_OF(AN_AGENT, "a.b") ",\"source\":\"dashboard\"}", 0, NULL },
	{ "{\"do\":\"ping\",\"id\":\"r1\"}", MESSAGE_ANYONE, NULL },
};

static void
each_class_of_peer_may_send_what_the_tables_say(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rights); i++)
		for (unsigned class = 1; class < MESSAGE_ANYONE; class <<= 1) {
			struct slice line = slice_of(rights[i].line);
			struct message message;
			struct error err = { 0 };
			int result = parse_as(class, line, &message, &err);

			if ((result == 0) != ((rights[i].may & class) != 0))
				fail_msg("%s by class %u: %s", rights[i].line,
				    class, err.sentence);
			if (result == 0)
				continue;
			assert_int_equal(err.code, ERROR_NOT_ALLOWED);
			if (rights[i].field != NULL)
				assert_string_equal(err.field, rights[i].field);
		}
}

static void
a_user_speaks_for_himself_alone(void **state)
{
	const char *line = ENTRY_OF(ANOTHER, "a.b") "}";

	(void)state;
	assert_refused(
	    MESSAGE_OPERATOR, slice_of(line), ERROR_NOT_ALLOWED, "user_name");
	assert_slice(parsed(line).entry.actor_name, "bob");
}

/* Only what names him: an agent's entry does not, nor what root says of others.
 */
static void
who_has_no_name_yet_is_asked_to_wait_where_it_is_needed(void **state)
{
	static const struct {
		unsigned classes;
		const char *line;
		bool waits;
	} cases[] = {
		{ MESSAGE_PRODUCER, ENTRY_OF(AN_AGENT, "a.b") "}", false },
		{ MESSAGE_OWNER, ENTRY_OF(A_SYSTEM, "a.b") "}", false },
		{ MESSAGE_OWNER, ENTRY_OF(ANOTHER, "a.b") "}", false },
		{ MESSAGE_OPERATOR, ENTRY_OF(ANOTHER, "a.b") "}", true },
		{ MESSAGE_OWNER, ENTRY_OF("\"actor_type\":\"user\"", "a.b") "}",
		    true },
		{ MESSAGE_OWNER, "{\"do\":\"ping\",\"id\":\"1\"}", true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct message_peer peer = { .uid = 1001,
			.classes = cases[i].classes };
		struct message message;
		struct error err = { 0 };
		int result = message_parse(&parser, &peer, NOW,
		    slice_of(cases[i].line), &message, &err);

		assert_int_equal(result, cases[i].waits ? -1 : 0);
		assert_int_equal(
		    err.code, cases[i].waits ? ERROR_BUSY : ERROR_NONE);
	}
}

static void
reserved_capabilities_are_the_daemons(void **state)
{
	static const char *const names[] = {
		"log.open",
		"audit.erase",
		"approval.expire",
		"alerts.acknowledge",
		"rate_limit.reset",
		"policy.reload",
		"proxy.cancel",
		"ingest.throttled",
		"account.create",
		"token.create",
		"agent.create",
		"agent.rotate",
		"agent.revoke",
		/* however they are spelt */
		"Audit.erase",
		"LOG.open",
		"Session.Start",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		cleanup(buf_free) struct buf line = BUF_INIT;

		buf_addf(&line,
		    "{\"actor_type\":\"agent\",\"agent_name\":\"a\","
		    "\"capability\":\"%s\",\"status\":\"success\"}",
		    names[i]);
		assert_refused(MESSAGE_OWNER, buf_slice(&line),
		    ERROR_NOT_ALLOWED, "capability");
	}
	/* The exceptions are for one kind of actor. */
	assert_refused(MESSAGE_OWNER,
	    slice_of(ENTRY_OF(A_USER, "session.start") "}"), ERROR_NOT_ALLOWED,
	    "capability");
	assert_refused(MESSAGE_OWNER,
	    slice_of(ENTRY_OF(AN_AGENT, "approval.accept") "}"),
	    ERROR_NOT_ALLOWED, "capability");
}

static void
an_import_brings_history_but_nothing_that_is_acted_upon(void **state)
{
	static const struct {
		const char *capability;
		bool may;
	} cases[] = {
		{ "approval.accept", true },
		{ "alerts.acknowledge", true },
		{ "policy.reload", true },
		{ "proxy.cancel", true },
		{ "session.start", true },
		{ "log.open", false },
		{ "audit.erase", false },
		{ "Audit.Erase", false },
		{ "ingest.throttled", false },
		{ "account.create", false },
		{ "token.create", false },
		{ "agent.create", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(buf_free) struct buf line = BUF_INIT;

		buf_addf(&line,
		    "{\"source\":\"import\",\"actor_type\":\"user\","
		    "\"user_name\":\"u\",\"capability\":\"%s\","
		    "\"status\":\"success\"}",
		    cases[i].capability);
		if (cases[i].may)
			parsed(line.data);
		else
			assert_refused(MESSAGE_OWNER, buf_slice(&line),
			    ERROR_NOT_ALLOWED, "capability");
	}
}

/* --- time ----------------------------------------------------------------- */

static void
a_time_too_far_off_is_brought_within_bounds(void **state)
{
	static const struct {
		enum entry_source source;
		usec_t given, kept;
	} cases[] = {
		{ ENTRY_SDK, NOW, NOW },
		{ ENTRY_SDK, NOW - USEC_PER_DAY, NOW - USEC_PER_DAY },
		{ ENTRY_SDK, NOW - USEC_PER_DAY - 1, NOW - USEC_PER_DAY },
		{ ENTRY_SDK, 1, NOW - USEC_PER_DAY },
		{ ENTRY_SDK, 0, NOW - USEC_PER_DAY },
		{ ENTRY_IMPORT, 0, 1 },
		{ ENTRY_SDK, NOW + 5 * USEC_PER_SEC, NOW + 5 * USEC_PER_SEC },
		{ ENTRY_SDK, NOW + 5 * USEC_PER_SEC + 1,
		    NOW + 5 * USEC_PER_SEC },
		{ ENTRY_SDK, CLOCK_MAX, NOW + 5 * USEC_PER_SEC },
		{ ENTRY_IMPORT, 1, 1 },
		{ ENTRY_IMPORT, NOW - 2 * USEC_PER_DAY,
		    NOW - 2 * USEC_PER_DAY },
		{ ENTRY_IMPORT, CLOCK_MAX, NOW + 5 * USEC_PER_SEC },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct entry entry = { .time = cases[i].given,
			.source = cases[i].source };
		bool differs = cases[i].given != cases[i].kept;

		message_clamp_time(&entry, NOW);
		assert_int_equal(entry.time, cases[i].kept);
		assert_int_equal(entry.is_clamped, differs);
		assert_int_equal(
		    entry.time_clamped, differs ? cases[i].given : 0);
	}
}

/* A machine whose clock was never set lives in its first day. */
static void
there_is_no_time_before_all_time(void **state)
{
	struct entry entry = { .time = 0, .source = ENTRY_SDK };

	(void)state;
	message_clamp_time(&entry, USEC_PER_HOUR);
	assert_int_equal(entry.time, 1);
	assert_true(entry.is_clamped);
	entry = (struct entry){ .time = 1, .source = ENTRY_SDK };
	message_clamp_time(&entry, USEC_PER_HOUR);
	assert_int_equal(entry.time, 1);
	assert_false(entry.is_clamped);
}

static void
a_live_line_is_clamped_and_an_imported_one_is_not(void **state)
{
	struct message message;

	(void)state;
	message = parsed("{" AGENT ",\"time\":\"2020-01-01T00:00:00Z\"}");
	assert_true(message.entry.is_clamped);
	assert_int_equal(message.entry.time, NOW - USEC_PER_DAY);
	assert_int_equal(message.entry.time_clamped, 1577836800 * USEC_PER_SEC);
	message = parsed("{" AGENT ",\"time\":\"1970-01-01T00:00:00Z\"}");
	assert_true(message.entry.is_clamped);
	assert_int_equal(message.entry.time, NOW - USEC_PER_DAY);
	message = parsed("{" AGENT "}");
	assert_false(message.entry.is_clamped);
	assert_int_equal(message.entry.time, NOW);

	message = parsed("{" AGENT ",\"time\":\"2020-01-01T00:00:00Z\","
			 "\"source\":\"import\"}");
	assert_false(message.entry.is_clamped);
	assert_int_equal(message.entry.time, 1577836800 * USEC_PER_SEC);
}

static void
a_command_is_known_by_do_wherever_it_stands(void **state)
{
	struct message message =
	    parsed("{\"id\":\"r1\",\"args\":{\"seqs\":[1]},\"credential\":"
		   "\"krx \\u0007\",\"do\":\"audit.erase\"}");

	(void)state;
	assert_int_equal(message.kind, MESSAGE_COMMAND);
	assert_slice(message.verb, "audit.erase");
	assert_slice(message.id, "r1");
	assert_slice(message.credential, "krx \a");
	assert_slice(message.args->text, "{\"seqs\":[1]}");
	assert_null(message.request);

	message = parsed("{\"do\":\"ping\",\"id\":\"1\"}");
	assert_null(message.args);
	assert_null(message.credential.data);
}

/* --- what an agent tells of itself ---------------------------------------- */

static int
tell(const char *object, struct message *ret, struct error *err)
{
	static struct json_reader reader = JSON_READER_INIT;

	assert_int_equal(json_reader_read(&reader, slice_of(object), err), 0);
	return message_read_call(&parser, &reader, reader.nodes, NOW, ret, err);
}

static void
what_an_agent_tells_is_in_its_own_name(void **state)
{
	struct message told = { .entry = { .actor = ENTRY_AGENT,
				    .actor_name = SLICE_LITERAL("reader"),
				    .session_id = SLICE_LITERAL("s"),
				    .source = ENTRY_GATEWAY } };
	struct error err;

	(void)state;
	assert_int_equal(
	    tell("{\"time\":\"2026-11-01T00:00:00Z\",\"call_id\":\"c\","
		 "\"capability\":\"mcp__files__read\",\"status\":\"error\","
		 "\"decided_by\":\"hook\",\"duration_ms\":1.50,"
		 "\"summary\":\"no\",\"request\":{\"a\":1}}",
		&told, &err),
	    0);
	assert_slice(told.entry.actor_name, "reader");
	assert_slice(told.entry.session_id, "s");
	assert_slice(told.entry.call_id, "c");
	assert_slice(told.entry.capability, "mcp.files.read");
	assert_slice(told.entry.duration_ms, "1.50");
	assert_slice(told.summary->text, "no");
	assert_slice(told.request->text, "{\"a\":1}");
	assert_int_equal(told.entry.status, ENTRY_ERROR);
	assert_int_equal(told.entry.decider, ENTRY_BY_HOOK);
	assert_int_equal(told.entry.source, ENTRY_GATEWAY);
	assert_int_equal(told.entry.time, NOW - MESSAGE_MAX_BEHIND);
	assert_int_equal(tell("{\"capability\":\"a.b\",\"status\":\"success\"}",
			     &told, &err),
	    0);
	assert_int_equal(told.entry.time, NOW);
}

static void
what_is_not_an_agents_to_tell_is_refused(void **state)
{
#define DONE "\"capability\":\"a.b\",\"status\":\"success\""
	static const struct {
		const char *object;
		enum error_code code;
		const char *field;
	} cases[] = {
		{ "{" DONE ",\"agent_name\":\"b\"}", ERROR_NOT_ALLOWED,
		    "agent_name" },
		{ "{" DONE ",\"user_name\":\"b\"}", ERROR_NOT_ALLOWED,
		    "user_name" },
		{ "{" DONE ",\"actor_type\":\"agent\"}", ERROR_NOT_ALLOWED,
		    "actor_type" },
		{ "{" DONE ",\"source\":\"hook\"}", ERROR_NOT_ALLOWED,
		    "source" },
		{ "{" DONE ",\"policy_tier\":\"notify\"}", ERROR_NOT_ALLOWED,
		    "policy_tier" },
		{ "{" DONE ",\"uid\":0}", ERROR_NOT_ALLOWED, "uid" },
		{ "{\"capability\":\"Log.open\",\"status\":\"success\"}",
		    ERROR_NOT_ALLOWED, "capability" },
		{ "{\"capability\":\"session.start\","
		  "\"status\":\"success\"}",
		    ERROR_NOT_ALLOWED, "capability" },
		{ "{\"status\":\"success\"}", ERROR_MISSING_FIELD,
		    "capability" },
		{ "{\"capability\":\"a.b\"}", ERROR_MISSING_FIELD, "status" },
		{ "{" DONE ",\"else\":1}", ERROR_UNKNOWN_FIELD, "else" },
		{ "{" DONE ",\"call_id\":\"a b\"}", ERROR_OUT_OF_RANGE,
		    "call_id" },
		{ "{" DONE ",\"request\":[]}", ERROR_WRONG_TYPE, "request" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct message told = { .summary = NULL };
		struct error err;

		if (tell(cases[i].object, &told, &err) == 0)
			fail_msg("%s is taken", cases[i].object);
		assert_int_equal(err.code, cases[i].code);
		assert_string_equal(err.field, cases[i].field);
		assert_null(told.entry.capability.data);
	}
}

static void
failure_leaves_the_message_alone(void **state)
{
	struct message message = { .kind = MESSAGE_COMMAND };
	struct error err;

	(void)state;
	assert_int_equal(
	    parse_as(MESSAGE_OWNER, SLICE_LITERAL("{" AGENT ",\"x\":1}"),
		&message, &err),
	    -1);
	assert_int_equal(message.kind, MESSAGE_COMMAND);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    an_entry_carries_every_field_that_its_producer_said),
		cmocka_unit_test(what_a_producer_leaves_out_has_its_default),
		cmocka_unit_test(the_order_of_members_does_not_matter),
		cmocka_unit_test(an_empty_line_says_nothing),
		cmocka_unit_test(names_of_mcp_tools_get_dots),
		cmocka_unit_test(a_bad_line_is_refused_by_code_and_field),
		cmocka_unit_test(nul_bytes_depth_and_length_are_bounded),
		cmocka_unit_test(a_sentence_shows_the_front_of_a_long_value),
		cmocka_unit_test(a_credential_has_a_bound),
		cmocka_unit_test(
		    each_class_of_peer_may_send_what_the_tables_say),
		cmocka_unit_test(a_user_speaks_for_himself_alone),
		cmocka_unit_test(reserved_capabilities_are_the_daemons),
		cmocka_unit_test(
		    an_import_brings_history_but_nothing_that_is_acted_upon),
		cmocka_unit_test(
		    who_has_no_name_yet_is_asked_to_wait_where_it_is_needed),
		cmocka_unit_test(a_time_too_far_off_is_brought_within_bounds),
		cmocka_unit_test(there_is_no_time_before_all_time),
		cmocka_unit_test(
		    a_live_line_is_clamped_and_an_imported_one_is_not),
		cmocka_unit_test(a_command_is_known_by_do_wherever_it_stands),
		cmocka_unit_test(what_an_agent_tells_is_in_its_own_name),
		cmocka_unit_test(what_is_not_an_agents_to_tell_is_refused),
		cmocka_unit_test(failure_leaves_the_message_alone),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	message_parser_free(&parser);
	return failed;
}
