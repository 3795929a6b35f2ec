#include "fcgi/rpc.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct json_reader json = JSON_READER_INIT;
static struct arena arena = ARENA_INIT;

static int
read_one(const char *text, struct rpc_request *ret, struct error *err)
{
	*err = (struct error){ 0 };
	if (json_reader_read(&json, slice_of(text), err) == -1)
		fail_msg("%s: %s", text, err->sentence);
	return rpc_read(&json, json.nodes, &arena, ret, err);
}

static void
a_request_says_its_method_its_params_and_its_id(void **state)
{
	static const struct {
		const char *text, *id;
		bool has_params;
	} cases[] = {
		{ "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"m\"}", "7",
		    false },
		{ "{\"jsonrpc\":\"2.0\",\"id\":1.50,\"method\":\"m\"}", "1.50",
		    false },
		{ "{\"jsonrpc\":\"2.0\",\"id\":\"a\\n\\\"\",\"method\":\"m\"}",
		    "\"a\\n\\\"\"", false },
		{ "{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"m\"}", "null",
		    false },
		{ "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":{}}", NULL,
		    true },
		{ "{\"jsonrpc\":\"2.0\",\"id\":\"\",\"method\":\"m\","
		  "\"params\":{\"a\":1},\"more\":1}",
		    "\"\"", true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct rpc_request request;
		struct error err;

		assert_int_equal(read_one(cases[i].text, &request, &err), 0);
		assert_true(slice_is(request.method, "m"));
		assert_true(slice_equal(request.id, slice_of(cases[i].id)));
		assert_int_equal(request.id.data == NULL, cases[i].id == NULL);
		assert_int_equal(request.params != NULL, cases[i].has_params);
	}
}

static void
what_is_no_request_keeps_its_id_if_it_has_one(void **state)
{
	static const struct {
		const char *text, *id, *field;
	} cases[] = {
		{ "7", "null", "" },
		{ "[]", "null", "" },
		{ "{}", "null", "jsonrpc" },
		{ "{\"id\":7,\"method\":\"m\"}", "7", "jsonrpc" },
		{ "{\"jsonrpc\":2.0,\"id\":7,\"method\":\"m\"}", "7",
		    "jsonrpc" },
		{ "{\"jsonrpc\":\"2.0\",\"id\":\"x\"}", "\"x\"", "method" },
		{ "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":null}", "7",
		    "method" },
		{ "{\"jsonrpc\":\"2.0\",\"id\":[1],\"method\":\"m\"}", "null",
		    "id" },
		{ "{\"jsonrpc\":\"2.0\",\"id\":true,\"method\":\"m\"}", "null",
		    "id" },
		{ "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"m\","
		  "\"params\":[1]}",
		    "7", "params" },
		{ "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"m\","
		  "\"params\":null}",
		    "7", "params" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct rpc_request request;
		struct error err;

		if (read_one(cases[i].text, &request, &err) == 0)
			fail_msg("%s is taken", cases[i].text);
		assert_true(slice_is(request.id, cases[i].id));
		assert_string_equal(err.field, cases[i].field);
	}
}

static void
an_error_carries_what_belongs_to_its_code(void **state)
{
	struct buf text = BUF_INIT;
	struct json_writer out;
	struct error err;

	(void)state;
	json_writer_init(&out, &text);
	json_writer_array(&out);
	error_set_wait(&err, 12, "too often");
	rpc_write_error(&out, SLICE_LITERAL("1"), rpc_code_of(&err), &err);
	error_set(&err, ERROR_NOT_ALLOWED, "the policy blocks it");
	rpc_write_error(&out, SLICE_LITERAL("\"a\""), rpc_code_of(&err), &err);
	error_set_approval(&err, SLICE_LITERAL("call-1"), "somebody has to");
	rpc_write_error(&out, SLICE_LITERAL("null"), rpc_code_of(&err), &err);
	error_set_field(&err, ERROR_MISSING_FIELD, "id", "id is missing");
	rpc_write_error(&out, SLICE_LITERAL("2"), rpc_code_of(&err), &err);
	json_writer_end_array(&out);
	assert_string_equal(text.data,
	    "[{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32000,"
	    "\"message\":\"too often\",\"data\":{\"retry_after\":12}}},"
	    "{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"error\":{\"code\":-32001,"
	    "\"message\":\"the policy blocks it\",\"data\":{\"reason\":"
	    "\"the policy blocks it\"}}},"
	    "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32002,"
	    "\"message\":\"somebody has to\",\"data\":{\"approval_id\":"
	    "\"call-1\"}}},"
	    "{\"jsonrpc\":\"2.0\",\"id\":2,\"error\":{\"code\":-32602,"
	    "\"message\":\"id is missing\",\"data\":{\"field\":\"id\"}}}]");
	buf_free(&text);
}

static void
every_failure_has_a_code(void **state)
{
	static const struct {
		enum error_code code;
		enum rpc_code rpc;
	} cases[] = {
		{ ERROR_BAD_JSON, RPC_PARSE },
		{ ERROR_UNAUTHENTICATED, RPC_AUTHENTICATION },
		{ ERROR_UNREACHABLE, RPC_INTERNAL },
		{ ERROR_AUDIT_UNAVAILABLE, RPC_INTERNAL },
		{ ERROR_BUSY, RPC_INTERNAL },
		{ ERROR_OUT_OF_RANGE, RPC_INVALID_PARAMS },
		{ ERROR_NOT_FOUND, RPC_INVALID_PARAMS },
		{ ERROR_CONFLICT, RPC_INVALID_PARAMS },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(
		    rpc_code_of(&(struct error){ .code = cases[i].code }),
		    cases[i].rpc);
}

static int
free_all(void **state)
{
	(void)state;
	json_reader_free(&json);
	arena_free(&arena);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_request_says_its_method_its_params_and_its_id),
		cmocka_unit_test(what_is_no_request_keeps_its_id_if_it_has_one),
		cmocka_unit_test(an_error_carries_what_belongs_to_its_code),
		cmocka_unit_test(every_failure_has_a_code),
	};

	return cmocka_run_group_tests(tests, NULL, free_all);
}
