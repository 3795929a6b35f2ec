#include "cli/recast.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* `line` told again; NULL: it has no place in this log. */
static char *
tell(const char *line, const struct recast *recast)
{
	struct json_reader reader = JSON_READER_INIT;
	struct buf out = BUF_INIT;
	struct error err = { 0 };
	int made = recast_line(&reader, slice_of(line), recast, &out, &err);

	json_reader_free(&reader);
	assert_int_not_equal(made, -1);
	if (made == 1)
		return buf_detach(&out);
	assert_int_equal(out.len, 0);
	buf_free(&out);
	return NULL;
}

static void
the_rest_of_a_line_stays_as_it_is(void **state)
{
	static const struct {
		const char *line, *told;
	} cases[] = {
		{ "{\"time\": \"2026-11-16T09:00:00Z\", \"actor_type\": "
		  "\"agent\", \"duration_ms\": 1.50, \"request\": {\"a\": [1, "
		  "null]}}",
		    "{\"time\":\"2026-11-16T09:00:00.000000Z\",\"source\":"
		    "\"import\",\"actor_type\":\"agent\",\"duration_ms\":1.50,"
		    "\"request\":{\"a\": [1, null]}}" },
		{ "{\"source\":\"hook\",\"summary\":\"a\\u0000\\\"\\n\"}",
		    "{\"source\":\"import\",\"summary\":\"a\\u0000\\\"\\n\"}" },
		{ "{\"seq\":7,\"recorded_at\":\"x\",\"uid\":0,\"capability\":"
		  "\"shell.exec\",\"payload_hash\":\"\",\"prev_hash\":\"\","
		  "\"entry_hash\":\"\",\"salt\":\"\",\"ok\":true}",
		    "{\"source\":\"import\",\"capability\":\"shell.exec\","
		    "\"ok\":true}" },
		{ "{\"capability\":\"log.open\"}",
		    "{\"source\":\"import\",\"capability\":\"log.open\"}" },
		{ "{}", "{\"source\":\"import\"}" },
	};
	static const struct recast as_it_is = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char *told = tell(cases[i].line, &as_it_is);

		assert_string_equal(told, cases[i].told);
		free(told);
	}
}

static void
what_another_log_says_of_itself_is_left_out(void **state)
{
	static const struct recast as_it_is = { 0 };

	(void)state;
	assert_null(tell("{\"seq\":1,\"capability\":\"log.open\"}", &as_it_is));
	assert_null(
	    tell("{\"seq\":9,\"capability\":\"audit.erase\"}", &as_it_is));
}

static void
times_move_and_sessions_are_renamed(void **state)
{
	static const char line[] = "{\"time\":\"2026-11-16T09:00:00Z\","
				   "\"session_id\":\"s1\"}";
	static const struct {
		struct recast recast;
		const char *told;
	} cases[] = {
		{ { .later = USEC_PER_HOUR },
		    "{\"time\":\"2026-11-16T10:00:00.000000Z\",\"source\":"
		    "\"import\",\"session_id\":\"s1\"}" },
		{ { .earlier = USEC_PER_DAY },
		    "{\"time\":\"2026-11-15T09:00:00.000000Z\",\"source\":"
		    "\"import\",\"session_id\":\"s1\"}" },
		{ { .now = USEC_PER_SEC, .session_suffix = { "-x", 2 } },
		    "{\"time\":\"1970-01-01T00:00:01.000000Z\",\"source\":"
		    "\"import\",\"session_id\":\"s1-x\"}" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char *told = tell(line, &cases[i].recast);

		assert_string_equal(told, cases[i].told);
		free(told);
	}
}

static void
a_long_session_id_keeps_within_its_bounds(void **state)
{
	struct recast recast = { .session_suffix = SLICE_LITERAL("-run1") };
	struct buf line = BUF_INIT, wanted = BUF_INIT;
	char *told;

	(void)state;
	buf_add_str(&line, "{\"session_id\":\"");
	buf_add_chars(&line, 'a', ENTRY_NAME_BYTES);
	buf_add_str(&line, "\"}");
	buf_add_str(&wanted, "{\"source\":\"import\",\"session_id\":\"");
	buf_add_chars(&wanted, 'a', ENTRY_NAME_BYTES - 5);
	buf_add_str(&wanted, "-run1\"}");
	told = tell(line.data, &recast);
	assert_string_equal(told, wanted.data);
	free(told);
	buf_free(&line);
	buf_free(&wanted);
}

static void
what_is_no_entry_is_an_error(void **state)
{
	static const struct {
		const char *line;
		enum error_code code;
	} cases[] = {
		{ "not json", ERROR_BAD_JSON },
		{ "[]", ERROR_WRONG_TYPE },
		{ "\"text\"", ERROR_WRONG_TYPE },
		{ "{\"a\":1,\"a\":2}", ERROR_DUPLICATE_KEY },
		{ "{\"a\":\"\xff\"}", ERROR_BAD_UTF8 },
		{ "{\"time\":\"yesterday\"}", ERROR_INVALID },
	};
	static const struct recast as_it_is = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct json_reader reader = JSON_READER_INIT;
		struct buf out = BUF_INIT;
		struct error err = { 0 };

		assert_int_equal(recast_line(&reader, slice_of(cases[i].line),
				     &as_it_is, &out, &err),
		    -1);
		assert_int_equal(err.code, cases[i].code);
		json_reader_free(&reader);
		buf_free(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_rest_of_a_line_stays_as_it_is),
		cmocka_unit_test(what_another_log_says_of_itself_is_left_out),
		cmocka_unit_test(times_move_and_sessions_are_renamed),
		cmocka_unit_test(a_long_session_id_keeps_within_its_bounds),
		cmocka_unit_test(what_is_no_entry_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
