#include "fcgi/mcp_message.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define MODERN "2026-07-28"
#define META(version)                                                     \
	"\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":" version \
	",\"io.modelcontextprotocol/clientCapabilities\":{}}"
#define LIST(params)                                               \
	"{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/list\"," \
	"\"params\":{" params "}}"
#define CALL(name)                                                     \
	"{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"tools/call\"," \
	"\"params\":{\"name\":\"" name "\"," META("\"" MODERN "\"") "}}"

/* --- what is refused ------------------------------------------------------ */

static const struct refused {
	const char *what, *body;
	const char *version, *method, *name, *session;
	int status, code;
	bool has_id;
} refused[] = {
	{ "no JSON", "{", NULL, NULL, NULL, NULL, 400, -32700, false },
	{ "a key twice", "{\"a\":1,\"a\":2}", NULL, NULL, NULL, NULL, 400,
	    -32700, false },
	{ "a batch", "[" LIST("") "]", NULL, NULL, NULL, "s", 400, -32600,
	    false },
	{ "a number", "1", NULL, NULL, NULL, "s", 400, -32600, false },
	{ "no version of JSON-RPC", "{\"id\":1,\"method\":\"ping\"}", NULL,
	    NULL, NULL, "s", 400, -32600, false },
	{ "another version of JSON-RPC",
	    "{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"ping\"}", NULL, NULL,
	    NULL, "s", 400, -32600, false },
	{ "nothing", "{\"jsonrpc\":\"2.0\",\"id\":1}", NULL, NULL, NULL, "s",
	    400, -32600, false },
	{ "an id of null",
	    "{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"ping\"}", NULL, NULL,
	    NULL, "s", 400, -32600, false },
	{ "an id with a fraction",
	    "{\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"ping\"}", NULL, NULL,
	    NULL, "s", 400, -32600, false },
	{ "a method of 1", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":1}", NULL,
	    NULL, NULL, "s", 400, -32600, false },
	{ "params of an array",
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":[]}",
	    NULL, NULL, NULL, "s", 400, -32600, true },
	{ "_meta of a string", LIST("\"_meta\":\"a\""), NULL, NULL, NULL, "s",
	    400, -32602, true },

	/* The first era. */
	{ "no session", LIST(""), "2025-11-25", NULL, NULL, NULL, 400, -32600,
	    true },
	{ "an empty session", LIST(""), "2025-11-25", NULL, NULL, "", 400,
	    -32600, true },
	{ "an older revision", LIST(""), "2024-11-05", NULL, NULL, "s", 400,
	    -32600, true },
	{ "a notification without a session",
	    "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}",
	    NULL, NULL, NULL, NULL, 400, -32600, false },

	/* The second. */
	{ "no _meta", LIST(""), MODERN, "tools/list", NULL, NULL, 400, -32602,
	    true },
	{ "no revision in _meta",
	    LIST(
		"\"_meta\":{\"io.modelcontextprotocol/clientCapabilities\":{}}"),
	    MODERN, "tools/list", NULL, NULL, 400, -32602, true },
	{ "a revision that is no string", LIST(META("1")), MODERN, "tools/list",
	    NULL, NULL, 400, -32602, true },
	{ "no capabilities",
	    LIST("\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":"
		 "\"" MODERN "\"}"),
	    MODERN, "tools/list", NULL, NULL, 400, -32602, true },
	{ "no header of the revision", LIST(META("\"" MODERN "\"")), NULL,
	    "tools/list", NULL, NULL, 400, -32020, true },
	{ "another revision in the header", LIST(META("\"" MODERN "\"")),
	    "2025-11-25", "tools/list", NULL, NULL, 400, -32020, true },
	{ "another revision in _meta", LIST(META("\"v999\"")), MODERN,
	    "tools/list", NULL, NULL, 400, -32020, true },
	{ "no header of the method", LIST(META("\"" MODERN "\"")), MODERN, NULL,
	    NULL, NULL, 400, -32020, true },
	{ "another method in the header", LIST(META("\"" MODERN "\"")), MODERN,
	    "TOOLS/LIST", NULL, NULL, 400, -32020, true },
	{ "no header of the name", CALL("a__b"), MODERN, "tools/call", NULL,
	    NULL, 400, -32020, true },
	{ "another name in the header", CALL("a__b"), MODERN, "tools/call",
	    "a__c", NULL, 400, -32020, true },
	{ "another name, encoded", CALL("a__b"), MODERN, "tools/call",
	    "=?base64?YV9fYw==?=", NULL, 400, -32020, true },
	{ "a name encoded without its end", CALL("a__b"), MODERN, "tools/call",
	    "=?base64?YV9fYg?=", NULL, 400, -32020, true },
	{ "a revision to come", LIST(META("\"2031-01-01\"")), "2031-01-01",
	    "tools/list", NULL, NULL, 400, -32022, true },
	{ "a revision to come, in the header alone", LIST(""), "v999.0.0",
	    "tools/list", NULL, NULL, 400, -32022, true },
	{ "a handshake's revision in _meta", LIST(META("\"2025-11-25\"")),
	    "2025-11-25", "tools/list", NULL, NULL, 400, -32022, true },
	{ "discovery without headers",
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"server/discover\"}",
	    NULL, NULL, NULL, NULL, 400, -32020, true },
	{ "a response", "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}", MODERN,
	    NULL, NULL, NULL, 400, -32600, false },
	{ "a notification to come", "{\"jsonrpc\":\"2.0\",\"method\":\"a/b\"}",
	    "2031-01-01", NULL, NULL, NULL, 400, -32022, false },
};

static struct mcp_headers
headers(const char *version, const char *method, const char *name,
    const char *session)
{
	return (struct mcp_headers){ slice_of(version), slice_of(method),
		slice_of(name), slice_of(session) };
}

static void
what_is_wrong_is_refused_by_its_code(void **state)
{
	struct json_reader reader = JSON_READER_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		const struct refused *row = &refused[i];
		struct mcp_headers from =
		    headers(row->version, row->method, row->name, row->session);
		struct mcp_message message;
		struct mcp_refusal refusal;

		print_message("%s\n", row->what);
		assert_int_equal(mcp_message_read(&reader, &from,
				     slice_of(row->body), &message, &refusal),
		    -1);
		assert_int_equal(refusal.status, row->status);
		assert_int_equal(refusal.code, row->code);
		assert_int_equal(refusal.id != NULL, row->has_id);
		assert_non_null(refusal.sentence);
		assert_int_equal(refusal.requested.data != NULL,
		    row->code == MCP_UNSUPPORTED_VERSION);
	}
	json_reader_free(&reader);
}

/* --- what is taken -------------------------------------------------------- */

static const struct taken {
	const char *what, *body;
	const char *version, *method, *name, *session;
	enum mcp_era era;
	enum mcp_kind kind;
} taken[] = {
	{ "a handshake",
	    "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\","
	    "\"params\":{\"protocolVersion\":\"2025-11-25\"}}",
	    NULL, NULL, NULL, NULL, MCP_FIRST, MCP_REQUEST },
	{ "a handshake that says its revision twice",
	    "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\","
	    "\"params\":{\"_meta\":{\"io.modelcontextprotocol/"
	    "protocolVersion\":\"2025-11-25\"}}}",
	    "2025-11-25", NULL, NULL, NULL, MCP_FIRST, MCP_REQUEST },
	{ "a handshake with a header of the other era",
	    "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\"}",
	    "2025-11-25", "initialize", NULL, NULL, MCP_FIRST, MCP_REQUEST },
	{ "a request of a session", LIST(""), "2025-11-25", NULL, NULL, "s",
	    MCP_FIRST, MCP_REQUEST },
	{ "one of an older revision", LIST(""), "2025-06-18", NULL, NULL, "s",
	    MCP_FIRST, MCP_REQUEST },
	{ "one that does not say its revision again", LIST(""), NULL, NULL,
	    NULL, " s\t", MCP_FIRST, MCP_REQUEST },
	{ "a notification of a session",
	    "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}",
	    "2025-11-25", NULL, NULL, "s", MCP_FIRST, MCP_NOTIFICATION },
	{ "a response", "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}",
	    "2025-11-25", NULL, NULL, "s", MCP_FIRST, MCP_RESPONSE },

	{ "a request that stands alone", LIST(META("\"" MODERN "\"")), MODERN,
	    "tools/list", NULL, NULL, MCP_SECOND, MCP_REQUEST },
	{ "one with an old session", LIST(META("\"" MODERN "\"")), MODERN,
	    "tools/list", NULL, "s", MCP_SECOND, MCP_REQUEST },
	{ "a handshake that stands alone",
	    "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\","
	    "\"params\":{" META("\"" MODERN "\"") "}}",
	    MODERN, "initialize", NULL, NULL, MCP_SECOND, MCP_REQUEST },
	{ "a call", CALL("a__b"), MODERN, "tools/call", "a__b", NULL,
	    MCP_SECOND, MCP_REQUEST },
	{ "spaces around the headers", CALL("a__b"), " " MODERN "\t",
	    "\ttools/call ", "  a__b  ", NULL, MCP_SECOND, MCP_REQUEST },
	{ "an encoded name", CALL("a__b"), MODERN, "tools/call",
	    "=?base64?YV9fYg==?=", NULL, MCP_SECOND, MCP_REQUEST },
	{ "a notification", "{\"jsonrpc\":\"2.0\",\"method\":\"a/b\"}", MODERN,
	    NULL, NULL, NULL, MCP_SECOND, MCP_NOTIFICATION },
};

static void
each_era_is_known_by_what_it_says(void **state)
{
	struct json_reader reader = JSON_READER_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(taken) / sizeof(*taken); i++) {
		const struct taken *row = &taken[i];
		struct mcp_headers from =
		    headers(row->version, row->method, row->name, row->session);
		struct mcp_message message;
		struct mcp_refusal refusal;

		print_message("%s\n", row->what);
		assert_int_equal(mcp_message_read(&reader, &from,
				     slice_of(row->body), &message, &refusal),
		    0);
		assert_int_equal(message.era, row->era);
		assert_int_equal(message.kind, row->kind);
		assert_int_equal(message.id != NULL, row->kind == MCP_REQUEST);
		assert_int_equal(
		    message.method.data == NULL, row->kind == MCP_RESPONSE);
	}
	json_reader_free(&reader);
}

static void
a_session_is_named_without_the_spaces_around_it(void **state)
{
	struct json_reader reader = JSON_READER_INIT;
	struct mcp_headers from = headers("2025-11-25", NULL, NULL, " s ");
	struct mcp_message message;
	struct mcp_refusal refusal;

	(void)state;
	assert_int_equal(mcp_message_read(&reader, &from, slice_of(LIST("")),
			     &message, &refusal),
	    0);
	assert_true(slice_is(message.session, "s"));
	json_reader_free(&reader);
}

static void
a_message_without_a_body_is_of_the_era_of_its_header(void **state)
{
	struct mcp_headers first = headers("2025-11-25", NULL, NULL, "s");
	struct mcp_headers silent = headers(NULL, NULL, NULL, "s");
	struct mcp_headers second = headers(MODERN, NULL, NULL, "s");

	(void)state;
	assert_true(mcp_message_is_first(&first));
	assert_true(mcp_message_is_first(&silent));
	assert_false(mcp_message_is_first(&second));
}

static void
a_handshake_is_answered_with_a_revision_that_is_spoken(void **state)
{
	(void)state;
	assert_string_equal(
	    mcp_message_revision(SLICE_LITERAL("2025-06-18")), "2025-06-18");
	assert_string_equal(
	    mcp_message_revision(SLICE_LITERAL("2024-11-05")), "2025-11-25");
	assert_string_equal(
	    mcp_message_revision(SLICE_LITERAL(MODERN)), "2025-11-25");
	assert_string_equal(
	    mcp_message_revision((struct slice){ NULL, 0 }), "2025-11-25");
}

/* --- what the client can do ----------------------------------------------- */

static bool
elicits(const char *capabilities)
{
	struct json_reader reader = JSON_READER_INIT;
	struct mcp_headers from = headers(MODERN, "tools/list", NULL, NULL);
	struct mcp_message message;
	struct mcp_refusal refusal;
	char body[512];
	bool does;

	snprintf(body, sizeof(body),
	    LIST("\"_meta\":{\"traceparent\":\"00-a\","
		 "\"io.modelcontextprotocol/protocolVersion\":\"" MODERN "\","
		 "\"io.modelcontextprotocol/clientCapabilities\":%s}"),
	    capabilities);
	assert_int_equal(mcp_message_read(&reader, &from, slice_of(body),
			     &message, &refusal),
	    0);
	assert_true(slice_is(
	    mcp_message_meta(&reader, &message, "traceparent"), "00-a"));
	assert_null(mcp_message_meta(&reader, &message, "tracestate").data);
	does = mcp_message_elicits(&reader, &message);
	json_reader_free(&reader);
	return does;
}

static void
a_client_elicits_by_form_if_it_says_so(void **state)
{
	(void)state;
	assert_false(elicits("{}"));
	assert_true(elicits("{\"elicitation\":{}}"));
	assert_true(elicits("{\"elicitation\":{\"form\":{},\"url\":{}}}"));
	assert_false(elicits("{\"elicitation\":{\"url\":{}}}"));
	assert_false(elicits("{\"elicitation\":1}"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_wrong_is_refused_by_its_code),
		cmocka_unit_test(each_era_is_known_by_what_it_says),
		cmocka_unit_test(
		    a_session_is_named_without_the_spaces_around_it),
		cmocka_unit_test(
		    a_message_without_a_body_is_of_the_era_of_its_header),
		cmocka_unit_test(
		    a_handshake_is_answered_with_a_revision_that_is_spoken),
		cmocka_unit_test(a_client_elicits_by_form_if_it_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
