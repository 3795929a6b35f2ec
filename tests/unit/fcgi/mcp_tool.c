#include "fcgi/mcp_tool.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
a_tools_name_is_its_capabilitys_with_other_dots(void **state)
{
	static const struct {
		const char *tool, *capability;
	} rows[] = {
		{ "system__metrics", "system.metrics" },
		{ "audit__record", "audit.record" },
		{ "a_b__c", "a_b.c" },
		{ "system.metrics", "system.metrics" },
		{ "a___b", "a._b" },
		{ "a_", "a_" },
		{ "__", "." },
		{ "", "" },
	};
	struct arena arena = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct slice capability =
		    mcp_tool_capability(slice_of(rows[i].tool), &arena);

		assert_true(slice_is(capability, rows[i].capability));
	}
	arena_free(&arena);
}

static void
every_capability_is_a_tool_that_is_found_again(void **state)
{
	struct json_reader reader = JSON_READER_INIT;
	struct arena arena = ARENA_INIT;
	struct buf text = BUF_INIT;
	struct json_writer json;
	struct error err = { 0 };
	const struct json_node *tools, *tool;
	const struct capability *row = capabilities;

	(void)state;
	json_writer_init(&json, &text);
	json_writer_object(&json);
	mcp_tool_write_list(&json);
	json_writer_end_object(&json);
	assert_int_equal(json_reader_read(&reader, buf_slice(&text), &err), 0);
	tools = json_reader_member(&reader, reader.nodes, "tools");
	for (tool = json_reader_first(&reader, tools); tool != NULL;
	     tool = json_reader_next(&reader, tools, tool), row++) {
		struct slice name =
		    json_reader_member(&reader, tool, "name")->text;

		assert_true(
		    slice_is(mcp_tool_capability(name, &arena), row->name));
		assert_null(memchr(name.data, '.', name.len));
		assert_int_equal(
		    json_reader_member(&reader, tool, "inputSchema")->type,
		    JSON_OBJECT);
	}
	assert_null(row->name);
	buf_free(&text);
	arena_free(&arena);
	json_reader_free(&reader);
}

static void
writes(const struct error *err, const char *expected)
{
	struct buf text = BUF_INIT;
	struct json_writer json;

	json_writer_init(&json, &text);
	json_writer_object(&json);
	mcp_tool_write_error(&json, err);
	json_writer_end_object(&json);
	assert_string_equal(text.data, expected);
	buf_free(&text);
}

static void
what_was_not_done_is_said_twice_as_json(void **state)
{
	struct error err = { 0 };

	(void)state;
	error_set(&err, ERROR_NOT_ALLOWED, "kruxos.conf:3: a.* = blocked");
	writes(&err,
	    "{\"content\":[{\"type\":\"text\",\"text\":\"{\\\"error\\\":"
	    "\\\"denied\\\",\\\"message\\\":\\\"kruxos.conf:3: a.* = "
	    "blocked\\\"}\"}],\"structuredContent\":{\"error\":\"denied\","
	    "\"message\":\"kruxos.conf:3: a.* = blocked\"},\"isError\":true}");
}

static bool
says(const struct error *err, const char *words)
{
	struct buf text = BUF_INIT;
	struct json_writer json;
	bool does;

	json_writer_init(&json, &text);
	json_writer_object(&json);
	mcp_tool_write_error(&json, err);
	json_writer_end_object(&json);
	does = strstr(text.data, words) != NULL;
	buf_free(&text);
	return does;
}

static void
an_error_says_what_belongs_to_it(void **state)
{
	struct error err = { 0 };

	(void)state;
	error_set_wait(&err, 7, "not so often");
	assert_true(says(&err, "\"error\":\"rate_limited\""));
	assert_true(says(&err, "\"retry_after\":7"));
	err = (struct error){ 0 };
	error_set_approval(&err, SLICE_LITERAL("call-a"), "somebody has to");
	assert_true(says(&err, "\"error\":\"approval_required\""));
	assert_true(says(&err, "\"approval_id\":\"call-a\""));
	for (int code = ERROR_SYSTEM; code < ERROR_CODES; code++) {
		err = (struct error){ .code = (enum error_code)code };
		assert_true(says(&err, "\"isError\":true"));
		assert_false(says(&err, "\"error\":\"\""));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_tools_name_is_its_capabilitys_with_other_dots),
		cmocka_unit_test(
		    every_capability_is_a_tool_that_is_found_again),
		cmocka_unit_test(what_was_not_done_is_said_twice_as_json),
		cmocka_unit_test(an_error_says_what_belongs_to_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
