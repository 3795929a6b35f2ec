/* fcgi/otlp_json.c: telemetry as JSON. */
#include "fcgi/otlp_json.c"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What the attribute `arguments` of each record is. */
static void
on_record(void *context, const struct otlp_record *record)
{
	const struct otlp_value *value = &record->values[OTLP_ARGUMENTS];
	struct buf *out = context;

	buf_addf(out, "%d:%.*s\n", (int)value->type, SLICE_ARG(value->text));
}

static int
read_logs(const char *body, struct buf *out, struct otlp_counts *ret_counts,
    struct error *err)
{
	return otlp_json_read(
	    slice_of(body), OTLP_LOGS, on_record, out, ret_counts, err);
}

static void
values_are_read_as_what_they_are(void **state)
{
	static const struct {
		const char *any;
		enum otlp_type type;
		const char *text;
	} cases[] = {
		{ "{\"stringValue\":\"a \\u00e9\"}", OTLP_STRING,
		    "a \xc3\xa9" },
		{ "{\"intValue\":\"-12\"}", OTLP_NUMBER, "-12" },
		{ "{\"intValue\":12}", OTLP_NUMBER, "12" },
		{ "{\"intValue\":\"12x\"}", OTLP_STRING, "12x" },
		{ "{\"doubleValue\":1.5e3}", OTLP_NUMBER, "1.5e3" },
		{ "{\"doubleValue\":\"NaN\"}", OTLP_STRING, "NaN" },
		{ "{\"boolValue\":true}", OTLP_TRUE, "true" },
		{ "{\"boolValue\":false}", OTLP_FALSE, "false" },
		{ "{\"bytesValue\":\"AAE=\"}", OTLP_STRING, "AAE=" },
		{ "{\"arrayValue\":{}}", OTLP_JSON, "[]" },
		{ "{\"arrayValue\":{\"values\":[{\"intValue\":\"1\"},"
		  "{\"stringValue\":\"\\\"\"},{},null,7,"
		  "{\"boolValue\":true}]}}",
		    OTLP_JSON, "[1,\"\\\"\",null,null,null,true]" },
		{ "{\"kvlistValue\":{\"values\":[{\"key\":\"a\",\"value\":"
		  "{\"arrayValue\":{\"values\":[{\"doubleValue\":2.5}]}}},"
		  "{\"key\":\"b\"},{\"key\":3,\"value\":{}},1,"
		  "{\"key\":\"c\",\"value\":{\"kvlistValue\":{\"values\":"
		  "\"none\"}}}]}}",
		    OTLP_JSON, "{\"a\":[2.5],\"c\":{}}" },
		{ "{\"otherValue\":1,\"stringValue\":\"s\"}", OTLP_STRING,
		    "s" },
		{ "{\"stringValue\":[1]}", OTLP_NONE, "" },
		{ "{\"stringValue\":null}", OTLP_NONE, "" },
		{ "{}", OTLP_NONE, "" },
		{ "\"text\"", OTLP_NONE, "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(buf_free) struct buf body = BUF_INIT, found = BUF_INIT,
					     expected = BUF_INIT;
		struct otlp_counts counts;
		struct error err = { 0 };

		buf_addf(&body,
		    "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":["
		    "{\"attributes\":[{\"key\":\"arguments\",\"value\":%s}]}"
		    "]}]}]}",
		    cases[i].any);
		if (read_logs(body.data, &found, &counts, &err) == -1)
			fail_msg("%s: %s", cases[i].any, err.sentence);
		buf_addf(
		    &expected, "%d:%s\n", (int)cases[i].type, cases[i].text);
		assert_string_equal(found.data, expected.data);
		assert_int_equal(counts.records, 1);
	}
}

static void
what_stands_in_no_record_is_passed_over(void **state)
{
	static const char *const bodies[] = {
		"{}",
		"{\"resourceLogs\":[]}",
		"{\"resourceLogs\":null,\"other\":[{\"a\":[1]}]}",
		"{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{}]}]}]}",
		"{\"resourceLogs\":[{\"resource\":{},\"scopeLogs\":null}]}",
		"{\"resourceLogs\":[{\"resource\":null,\"schemaUrl\":\"\"}]}",
		"{\"resourceLogs\":[{\"resource\":{\"attributes\":7},"
		"\"scopeLogs\":[{\"scope\":{\"name\":\"x\"},"
		"\"logRecords\":[]}]}]}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++) {
		cleanup(buf_free) struct buf found = BUF_INIT;
		struct otlp_counts counts = { 9, 9 };
		struct error err = { 0 };

		assert_int_equal(
		    read_logs(bodies[i], &found, &counts, &err), 0);
		assert_int_equal(counts.records, 0);
		assert_int_equal(counts.rejected, 0);
		assert_string_equal(found.data, "");
	}
}

static void
what_has_another_shape_is_an_error(void **state)
{
	static const struct {
		const char *body;
		enum error_code code;
	} cases[] = {
		{ "", ERROR_BAD_JSON },
		{ "[]", ERROR_WRONG_TYPE },
		{ "{\"resourceLogs\":{}}", ERROR_WRONG_TYPE },
		{ "{\"resourceLogs\":[1]}", ERROR_WRONG_TYPE },
		{ "{\"resourceLogs\":[{\"scopeLogs\":[7]}]}",
		    ERROR_WRONG_TYPE },
		{ "{\"resourceLogs\":[{\"resource\":{\"a\":1,\"a\":2}}]}",
		    ERROR_DUPLICATE_KEY },
		{ "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":["
		  "{\"a\":tru}]}]}]}",
		    ERROR_BAD_JSON },
		{ "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{}",
		    ERROR_BAD_JSON },
		{ "{\"resourceLogs\":[]}x", ERROR_BAD_JSON },
		{ "{\"resourceLogs\":[{\"scopeLogs\":[", ERROR_BAD_JSON },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(buf_free) struct buf found = BUF_INIT;
		struct otlp_counts counts;
		struct error err = { 0 };

		assert_int_equal(
		    read_logs(cases[i].body, &found, &counts, &err), -1);
		assert_int_equal(err.code, cases[i].code);
	}
}

static void
a_record_that_is_too_long_is_left_out(void **state)
{
	cleanup(buf_free) struct buf body = BUF_INIT, found = BUF_INIT;
	struct otlp_counts counts;
	struct error err = { 0 };

	(void)state;
	buf_add_str(&body,
	    "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{},{\"a\":\"");
	buf_add_chars(&body, 'x', JSON_READER_BYTES);
	buf_add_str(&body, "\"},{}]}]}]}");
	assert_int_equal(read_logs(body.data, &found, &counts, &err), 0);
	assert_int_equal(counts.records, 3);
	assert_int_equal(counts.rejected, 1);
	assert_string_equal(found.data, "0:\n0:\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_read_as_what_they_are),
		cmocka_unit_test(what_stands_in_no_record_is_passed_over),
		cmocka_unit_test(what_has_another_shape_is_an_error),
		cmocka_unit_test(a_record_that_is_too_long_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
