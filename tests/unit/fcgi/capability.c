#include "fcgi/capability.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "log/entry.h"

static struct json_reader json = JSON_READER_INIT;

static enum error_code
check(const char *name, const char *arguments)
{
	const struct capability *row = capability_find(slice_of(name));
	struct error err = { 0 };

	assert_non_null(row);
	if (arguments == NULL) {
		capability_check(row, &json, NULL, &err);
		return err.code;
	}
	assert_int_equal(json_reader_read(&json, slice_of(arguments), &err), 0);
	capability_check(row, &json, json.nodes, &err);
	return err.code;
}

static void
each_row_is_whole(void **state)
{
	(void)state;
	for (const struct capability *row = capabilities; row->name != NULL;
	     row++) {
		struct schema schema;
		struct error err = { 0 };

		assert_true(entry_is_capability(slice_of(row->name)));
		assert_ptr_equal(capability_find(slice_of(row->name)), row);
		assert_true(strlen(row->description) > 20);
		if (schema_read(&schema, slice_of(row->schema), &err) == -1)
			fail_msg("%s: %s", row->name, err.sentence);
		schema_free(&schema);
		/* Who reads nothing has no use for the caller's name. */
		assert_true(row->read != NULL || row->flags == 0);
	}
	assert_null(capability_find(SLICE_LITERAL("system.metric")));
	assert_null(capability_find(SLICE_LITERAL("")));
}

static void
arguments_are_held_to_the_row_s_schema(void **state)
{
	static const struct {
		const char *name, *arguments;
		enum error_code code;
	} cases[] = {
		{ "system.health", NULL, ERROR_NONE },
		{ "system.health", "{}", ERROR_NONE },
		{ "system.health", "{\"a\":1}", ERROR_UNKNOWN_FIELD },
		{ "system.metrics", NULL, ERROR_MISSING_FIELD },
		{ "system.metrics", "{\"category\":\"policy\"}", ERROR_NONE },
		{ "system.metrics", "{\"category\":\"disk\"}",
		    ERROR_OUT_OF_RANGE },
		{ "alerts.send", "{\"severity\":\"warning\",\"title\":\"t\"}",
		    ERROR_NONE },
		{ "alerts.send", "{\"severity\":\"warning\"}",
		    ERROR_MISSING_FIELD },
		{ "alerts.send",
		    "{\"severity\":\"warning\",\"title\":\"t\",\"context\":1}",
		    ERROR_WRONG_TYPE },
		{ "alerts.acknowledge", "{\"id\":7}", ERROR_NONE },
		{ "alerts.acknowledge", "{\"id\":0}", ERROR_OUT_OF_RANGE },
		{ "alerts.acknowledge", "{\"id\":\"7\"}", ERROR_WRONG_TYPE },
		{ "audit.record",
		    "{\"capability\":\"shell.exec\",\"status\":\"success\","
		    "\"duration_ms\":1.5,\"request\":{\"command\":\"ls\"}}",
		    ERROR_NONE },
		{ "audit.record",
		    "{\"capability\":\"shell.exec\",\"status\":\"success\","
		    "\"agent_name\":\"other\"}",
		    ERROR_UNKNOWN_FIELD },
		{ "audit.query", NULL, ERROR_NONE },
		{ "audit.query", "{\"limit\":100}", ERROR_NONE },
		{ "audit.query", "{\"limit\":101}", ERROR_OUT_OF_RANGE },
		{ "audit.query", "{\"agent_name\":\"other\"}",
		    ERROR_UNKNOWN_FIELD },
		{ "approvals.status", "{\"approval_id\":\"call-1\"}",
		    ERROR_NONE },
		{ "approvals.status", NULL, ERROR_MISSING_FIELD },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (check(cases[i].name, cases[i].arguments) != cases[i].code)
			fail_msg("%s %s", cases[i].name, cases[i].arguments);
}

static int
free_reader(void **state)
{
	(void)state;
	json_reader_free(&json);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row_is_whole),
		cmocka_unit_test(arguments_are_held_to_the_row_s_schema),
	};

	return cmocka_run_group_tests(tests, NULL, free_reader);
}
