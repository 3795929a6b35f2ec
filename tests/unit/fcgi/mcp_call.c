#include "fcgi/mcp_call.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const usec_t NOW = 1795392000 * USEC_PER_SEC;

static const unsigned char agent[SHA256_BYTES] = { 1 };
static const struct mcp_state_key key = { "a key of thirty-two bytes, or so" };

static struct mcp_call
call_of(enum mcp_era era, bool elicits, bool has_given_up)
{
	return (struct mcp_call){
		.era = era,
		.elicits = elicits,
		.gave_up = has_given_up,
		.about = { agent, SLICE_LITERAL("alerts.send"),
		    SLICE_LITERAL("{}") },
	};
}

static char *
written(const struct mcp_call *call, const struct invocation *question)
{
	struct buf text = BUF_INIT;
	struct json_writer json;

	json_writer_init(&json, &text);
	json_writer_object(&json);
	mcp_call_write(call, &key, question, NOW, &json);
	json_writer_end_object(&json);
	return buf_detach(&text);
}

static void
says(const struct mcp_call *call, const struct invocation *question,
    const char *words, bool does)
{
	char *text = written(call, question);

	if ((strstr(text, words) != NULL) != does)
		fail_msg("%s%s stands in %s", does ? "" : "no ", words, text);
	free(text);
}

static void
a_result_names_its_entry(void **state)
{
	struct invocation done = {
		.result = SLICE_LITERAL("{\"a\":1}"),
		.ret_call_id = SLICE_LITERAL("call-1"),
		.tier = SLICE_LITERAL("notify"),
		.seq = 7,
	};
	struct mcp_call first = call_of(MCP_FIRST, false, false);
	struct mcp_call second = call_of(MCP_SECOND, false, false);
	char *text = written(&first, &done);

	(void)state;
	assert_string_equal(text,
	    "{\"_meta\":{\"kruxos/call_id\":\"call-1\",\"kruxos/seq\":7,"
	    "\"kruxos/policy_tier\":\"notify\"},\"content\":[{\"type\":\"text\","
	    "\"text\":\"{\\\"a\\\":1}\"}],\"structuredContent\":{\"a\":1}}");
	free(text);
	says(&second, &done, "\"resultType\":\"complete\"", true);
	says(&second, &done, "io.modelcontextprotocol/serverInfo", true);
}

static void
a_call_that_waits_is_told_by_its_era(void **state)
{
	struct invocation waits = { 0 };
	struct mcp_call first = call_of(MCP_FIRST, true, false);
	struct mcp_call silent = call_of(MCP_SECOND, false, false);
	struct mcp_call elicits = call_of(MCP_SECOND, true, false);
	struct mcp_call over = call_of(MCP_SECOND, true, true);

	(void)state;
	error_set_approval(
	    &waits.err, SLICE_LITERAL("call-1"), "a person has to approve");
	says(&first, &waits, "\"approval_id\":\"call-1\"", true);
	says(&first, &waits, "\"isError\":true", true);
	says(&first, &waits, "requestState", false);
	says(&silent, &waits, "\"resultType\":\"input_required\"", true);
	says(&silent, &waits, "\"requestState\":\"", true);
	says(&silent, &waits, "inputRequests", false);
	says(&elicits, &waits, "\"method\":\"elicitation/create\"", true);
	says(&over, &waits, "\"resultType\":\"complete\"", true);
	says(&over, &waits, "\"approval_id\":\"call-1\"", true);
}

static void
no_sentence_holds_what_was_sent_or_where_it_lies(void **state)
{
	static const enum error_code codes[] = { ERROR_UNKNOWN_FIELD,
		ERROR_AUDIT_UNAVAILABLE, ERROR_SYSTEM, ERROR_CORRUPT };
	struct mcp_call call = call_of(MCP_FIRST, false, false);

	(void)state;
	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
		struct invocation failed = { 0 };

		error_set(&failed.err, codes[i], "/run/a: SECRET");
		says(&call, &failed, "SECRET", false);
		says(&call, &failed, "\"isError\":true", true);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_result_names_its_entry),
		cmocka_unit_test(a_call_that_waits_is_told_by_its_era),
		cmocka_unit_test(
		    no_sentence_holds_what_was_sent_or_where_it_lies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
