#include "fcgi/schema.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct json_reader json = JSON_READER_INIT;

/* What the check of `value` by `schema` says: ERROR_NONE, or the error. */
static enum error_code
check(const char *schema_text, const char *value, struct error *err)
{
	struct schema schema;
	int result;

	*err = (struct error){ 0 };
	if (schema_read(&schema, slice_of(schema_text), err) == -1)
		fail_msg("%s: %s", schema_text, err->sentence);
	if (json_reader_read(&json, slice_of(value), err) == -1)
		fail_msg("%s: %s", value, err->sentence);
	result = schema_check(&schema, &json, json.nodes, err);
	schema_free(&schema);
	assert_int_equal(result, err->code == ERROR_NONE ? 0 : -1);
	return err->code;
}

static void
each_keyword_is_asked(void **state)
{
	static const struct {
		const char *schema, *value;
		enum error_code code;
	} cases[] = {
		{ "{}", "{\"a\":[1]}", ERROR_NONE },
		{ "{\"type\":\"object\"}", "{}", ERROR_NONE },
		{ "{\"type\":\"object\"}", "[]", ERROR_WRONG_TYPE },
		{ "{\"type\":\"array\"}", "[]", ERROR_NONE },
		{ "{\"type\":\"array\"}", "\"[]\"", ERROR_WRONG_TYPE },
		{ "{\"type\":\"string\"}", "\"\"", ERROR_NONE },
		{ "{\"type\":\"string\"}", "null", ERROR_WRONG_TYPE },
		{ "{\"type\":\"boolean\"}", "true", ERROR_NONE },
		{ "{\"type\":\"boolean\"}", "false", ERROR_NONE },
		{ "{\"type\":\"boolean\"}", "0", ERROR_WRONG_TYPE },
		{ "{\"type\":\"number\"}", "1.5e3", ERROR_NONE },
		{ "{\"type\":\"number\"}", "\"1\"", ERROR_WRONG_TYPE },
		{ "{\"type\":\"integer\"}", "-7", ERROR_NONE },
		{ "{\"type\":\"integer\"}", "7.5", ERROR_WRONG_TYPE },
		{ "{\"type\":\"integer\"}", "1e400", ERROR_WRONG_TYPE },
		{ "{\"enum\":[\"a\",\"b\"]}", "\"b\"", ERROR_NONE },
		{ "{\"enum\":[\"a\",\"b\"]}", "\"c\"", ERROR_OUT_OF_RANGE },
		{ "{\"enum\":[\"a\",\"b\"]}", "7", ERROR_OUT_OF_RANGE },
		{ "{\"minLength\":2}", "\"éé\"", ERROR_NONE },
		{ "{\"minLength\":2}", "\"é\"", ERROR_OUT_OF_RANGE },
		{ "{\"maxLength\":2}", "\"éé\"", ERROR_NONE },
		{ "{\"maxLength\":2}", "\"ééé\"", ERROR_TOO_LONG },
		{ "{\"maxLength\":2}", "1000", ERROR_NONE },
		{ "{\"minimum\":1}", "1", ERROR_NONE },
		{ "{\"minimum\":1}", "0.9", ERROR_OUT_OF_RANGE },
		{ "{\"maximum\":1}", "1", ERROR_NONE },
		{ "{\"maximum\":1}", "1.1", ERROR_OUT_OF_RANGE },
		{ "{\"minimum\":0}", "1e400", ERROR_OUT_OF_RANGE },
		{ "{\"minimum\":1}", "\"0\"", ERROR_NONE },
		{ "{\"required\":[\"a\"]}", "{\"a\":null}", ERROR_NONE },
		{ "{\"required\":[\"a\"]}", "{\"b\":1}", ERROR_MISSING_FIELD },
		{ "{\"required\":[\"a\"]}", "[]", ERROR_NONE },
		{ "{\"properties\":{\"a\":{\"type\":\"string\"}}}",
		    "{\"a\":\"x\",\"b\":1}", ERROR_NONE },
		{ "{\"properties\":{\"a\":{\"type\":\"string\"}}}", "{\"a\":1}",
		    ERROR_WRONG_TYPE },
		{ "{\"properties\":{\"a\":{}},\"additionalProperties\":false}",
		    "{\"a\":1}", ERROR_NONE },
		{ "{\"properties\":{\"a\":{}},\"additionalProperties\":false}",
		    "{\"b\":1}", ERROR_UNKNOWN_FIELD },
		{ "{\"additionalProperties\":false}", "{\"b\":1}",
		    ERROR_UNKNOWN_FIELD },
		{ "{\"additionalProperties\":false}", "[1]", ERROR_NONE },
		{ "{\"items\":{\"type\":\"number\"}}", "[1,2]", ERROR_NONE },
		{ "{\"items\":{\"type\":\"number\"}}", "[1,\"2\"]",
		    ERROR_WRONG_TYPE },
		{ "{\"items\":{\"items\":{\"maximum\":3}}}", "[[1],[2,4]]",
		    ERROR_OUT_OF_RANGE },
		{ "{\"maxItems\":2}", "[1,2]", ERROR_NONE },
		{ "{\"maxItems\":2}", "[1,2,3]", ERROR_TOO_LONG },
	};
	struct error err;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		enum error_code code =
		    check(cases[i].schema, cases[i].value, &err);

		if (code != cases[i].code)
			fail_msg("%s of %s: %s (%s)", cases[i].schema,
			    cases[i].value, error_code_name(code),
			    err.sentence);
	}
}

static void
an_error_names_the_property_and_says_what_it_may_be(void **state)
{
	static const char schema[] =
	    "{\"type\":\"object\",\"required\":[\"severity\"],\"properties\":{"
	    "\"severity\":{\"type\":\"string\",\"enum\":[\"info\",\"warning\"]"
	    "},\"count\":{\"type\":\"integer\",\"minimum\":1}},"
	    "\"additionalProperties\":false}";
	static const struct {
		const char *value, *field, *sentence;
	} cases[] = {
		{ "[]", "", "the whole must be an object, not an array" },
		{ "{}", "severity", "severity is missing" },
		{ "{\"severity\":\"loud\"}", "severity",
		    "severity must be one of info, warning" },
		{ "{\"severity\":\"info\",\"count\":0}", "count",
		    "count must be at least 1" },
		{ "{\"severity\":\"info\",\"count\":\"many\"}", "count",
		    "count must be a whole number, not a string" },
		{ "{\"severity\":\"info\",\"\\u001b[31m\":0}", "\\e[31m",
		    "\\e[31m is not known here" },
	};
	struct error err;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_not_equal(
		    check(schema, cases[i].value, &err), ERROR_NONE);
		assert_string_equal(err.field, cases[i].field);
		assert_string_equal(err.sentence, cases[i].sentence);
	}
}

static void
what_goes_beyond_is_no_schema(void **state)
{
	static const char *const texts[] = {
		"",
		"[]",
		"true",
		"{\"pattern\":\"a*\"}",
		"{\"type\":[\"string\",\"null\"]}",
		"{\"enum\":[1]}",
		"{\"additionalProperties\":true}",
		"{\"properties\":{\"a\":7}}",
		"{\"properties\":{\"a\":{\"oneOf\":[]}}}",
		"{\"items\":[]}",
		"{\"items\":{\"$ref\":\"#\"}}",
		"{\"required\":\"a\"}",
		"{\"minimum\":\"1\"}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct schema schema;
		struct error err = { 0 };

		if (schema_read(&schema, slice_of(texts[i]), &err) == 0)
			fail_msg("%s is taken", texts[i]);
		assert_int_not_equal(err.code, ERROR_NONE);
	}
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
		cmocka_unit_test(each_keyword_is_asked),
		cmocka_unit_test(
		    an_error_names_the_property_and_says_what_it_may_be),
		cmocka_unit_test(what_goes_beyond_is_no_schema),
	};

	return cmocka_run_group_tests(tests, NULL, free_reader);
}
