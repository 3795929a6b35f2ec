#include "lib/http/body.c"

#include "http/params.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct silence {
	struct slice reason, until;
	struct param_list matchers;
	usec_t duration;
	uint64_t count;
	int kind;
};

static const char *const kinds[] = { "short", "long", NULL };

static const struct param table[] = {
	PARAM_TEXT_REQUIRED(struct silence, reason, "reason", 8),
	PARAM_TEXT(struct silence, until, "until", 8),
	PARAM_STRINGS(struct silence, matchers, "matchers", 16),
	PARAM_DURATION(struct silence, duration, "duration", USEC_PER_MIN,
	    7 * USEC_PER_DAY),
	PARAM_U64(struct silence, count, "count", 1, 200),
	PARAM_CHOICE(struct silence, kind, "kind", kinds),
	PARAM_END,
};

static struct arena arena = ARENA_INIT;

static int
end_arena(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

static void
every_type_is_read(void **state)
{
	struct silence silence = { .until = SLICE_LITERAL("kept") };
	struct error err = { 0 };
	char body[] = " {\"reason\":\"\\u00e4 \\n\",\"count\":200,"
		      "\"kind\":\"long\",\"duration\":\"2h\","
		      "\"matchers\":[\"a=b\",\"-c=d\"]}\n";

	(void)state;
	assert_int_equal(
	    body_parse(slice_of(body), table, &arena, &silence, &err), 0);
	/* What was read does not lie in the body. */
	memset(body, 'x', sizeof(body));
	assert_true(slice_is(silence.reason, "\xc3\xa4 \n"));
	assert_true(slice_is(silence.until, "kept"));
	assert_int_equal(silence.count, 200);
	assert_int_equal(silence.kind, 1);
	assert_int_equal(silence.duration, 2 * USEC_PER_HOUR);
	assert_int_equal(silence.matchers.count, 2);
	assert_true(slice_is(silence.matchers.values[0].text, "a=b"));
	/* A '-' means nothing where it may not negate. */
	assert_true(slice_is(silence.matchers.values[1].text, "-c=d"));
	assert_false(silence.matchers.values[1].negated);
}

static void
what_is_wrong_is_named(void **state)
{
	static const struct {
		const char *body;
		enum error_code code;
		const char *field, *words;
	} cases[] = {
		{ "", ERROR_MISSING_FIELD, "reason", "reason is missing" },
		{ "{}", ERROR_MISSING_FIELD, "reason", "reason is missing" },
		{ "{", ERROR_BAD_JSON, "", "the body" },
		{ "[]", ERROR_WRONG_TYPE, "", "object" },
		{ "null", ERROR_WRONG_TYPE, "", "null" },
		{ "{\"reason\":\"a\"} {}", ERROR_BAD_JSON, "", "the body" },
		{ "{\"reason\":\"\xff\"}", ERROR_BAD_UTF8, "", "the body" },
		{ "{\"reason\":\"a\",\"reason\":\"b\"}", ERROR_DUPLICATE_KEY,
		    "reason", "reason" },
		{ "{\"reason\":\"a\",\"Reason\":\"b\"}", ERROR_UNKNOWN_FIELD,
		    "Reason", "no parameter Reason" },
		{ "{\"\\u001b[2J\":1}", ERROR_UNKNOWN_FIELD, "\\e[2J",
		    "no parameter" },
		{ "{\"reason\":null}", ERROR_WRONG_TYPE, "reason",
		    "a string, not null" },
		{ "{\"reason\":1}", ERROR_WRONG_TYPE, "reason", "a string" },
		{ "{\"reason\":[\"a\"]}", ERROR_WRONG_TYPE, "reason",
		    "a string" },
		{ "{\"reason\":\"\"}", ERROR_INVALID, "reason", "empty" },
		{ "{\"reason\":\"a\\u0000b\"}", ERROR_INVALID, "reason",
		    "NUL" },
		{ "{\"reason\":\"123456789\"}", ERROR_OUT_OF_RANGE, "reason",
		    "8 bytes" },
		{ "{\"count\":\"5\"}", ERROR_WRONG_TYPE, "count",
		    "a number, not a string" },
		{ "{\"count\":0}", ERROR_OUT_OF_RANGE, "count", "1 to 200" },
		{ "{\"count\":1.5}", ERROR_OUT_OF_RANGE, "count", "whole" },
		{ "{\"count\":-1}", ERROR_OUT_OF_RANGE, "count", "1 to 200" },
		{ "{\"kind\":\"middle\"}", ERROR_INVALID, "kind",
		    "short, long" },
		{ "{\"duration\":\"1s\"}", ERROR_OUT_OF_RANGE, "duration",
		    "duration" },
		{ "{\"matchers\":\"a=b\"}", ERROR_WRONG_TYPE, "matchers",
		    "an array of strings" },
		{ "{\"matchers\":[1]}", ERROR_WRONG_TYPE, "matchers",
		    "a string" },
		{ "{\"matchers\":[[\"a\"]]}", ERROR_WRONG_TYPE, "matchers",
		    "a string" },
		{ "{\"matchers\":[\"\"]}", ERROR_INVALID, "matchers", "empty" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct silence silence = { 0 };
		struct error err = { 0 };

		assert_int_equal(body_parse(slice_of(cases[i].body), table,
				     &arena, &silence, &err),
		    -1);
		if (err.code != cases[i].code ||
		    strcmp(err.field, cases[i].field) != 0 ||
		    strstr(err.sentence, cases[i].words) == NULL)
			fail_msg("%s: %d %s: %s", cases[i].body, err.code,
			    err.field, err.sentence);
	}
}

static void
values_are_bounded_in_number(void **state)
{
	struct buf body = BUF_INIT;
	struct silence silence = { 0 };
	struct error err = { 0 };

	(void)state;
	buf_add_str(&body, "{\"matchers\":[\"a=b\"");
	for (int i = 0; i < PARAMS_MAX; i++)
		buf_add_str(&body, ",\"a=b\"");
	buf_add_str(&body, "]}");
	assert_int_equal(
	    body_parse(buf_slice(&body), table, &arena, &silence, &err), -1);
	assert_int_equal(err.code, ERROR_TOO_LONG);
	buf_free(&body);
}

static void
without_a_table_only_an_empty_object_is_taken(void **state)
{
	struct error err = { 0 };

	(void)state;
	assert_int_equal(
	    body_parse(SLICE_LITERAL(""), NULL, &arena, NULL, &err), 0);
	assert_int_equal(
	    body_parse(SLICE_LITERAL(" {}\n"), NULL, &arena, NULL, &err), 0);
	assert_int_equal(
	    body_parse(SLICE_LITERAL("{\"a\":1}"), NULL, &arena, NULL, &err),
	    -1);
	assert_string_equal(err.field, "a");
}

static int
check_as(unsigned flags, const char *type, size_t bytes)
{
	struct buf variable = BUF_INIT;
	struct request req;
	struct error err = { 0 };

	buf_addf(&variable, "CONTENT_TYPE=%s", type);
	request_init(&req, (char *[]){ variable.data, NULL },
	    (struct slice){ "", bytes }, &arena);
	req.variables = (char *[]){ variable.data, NULL };
	req.route = &(struct route){ .flags = flags };
	int status = body_check(&req, &err);
	assert_int_equal(status != 0, err.sentence[0] != '\0');
	buf_free(&variable);
	return status;
}

static int
check(const char *type, size_t bytes)
{
	return check_as(0, type, bytes);
}

static void
a_body_is_checked_before_it_is_read(void **state)
{
	static const char *const others[] = { "", "text/plain",
		"application/jsonp", "application/json5", "application/jso",
		"application/x-www-form-urlencoded", "multipart/form-data",
		"text/plain; application/json", " application/json" };

	(void)state;
	assert_int_equal(check("application/json", 0), 0);
	assert_int_equal(check("application/json;charset=utf-8", 10), 0);
	assert_int_equal(check("APPLICATION/json ; x=y", 10), 0);
	assert_int_equal(check("application/json", REQUEST_BODY_BYTES), 0);
	assert_int_equal(
	    check("application/json", REQUEST_BODY_BYTES + 1), 413);
	for (size_t i = 0; i < COUNT(others); i++)
		assert_int_equal(check(others[i], 10), 415);
	for (size_t i = 0; i < COUNT(others); i++)
		assert_int_equal(check_as(ROUTE_ANY_BODY, others[i], 10), 0);
	assert_int_equal(
	    check_as(ROUTE_ANY_BODY, "", REQUEST_BODY_BYTES + 1), 413);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_is_read),
		cmocka_unit_test(what_is_wrong_is_named),
		cmocka_unit_test(values_are_bounded_in_number),
		cmocka_unit_test(without_a_table_only_an_empty_object_is_taken),
		cmocka_unit_test(a_body_is_checked_before_it_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, end_arena);
}
