#include "lib/http/params.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct filter {
	struct slice session;
	struct param_list agents, statuses;
	usec_t from, to, last;
	uint64_t limit;
	int format;
};

static const char *const statuses[] = { "success", "error", "denied", NULL };
static const char *const formats[] = { "json", "ndjson", "csv", NULL };

static const struct param table[] = { PARAM_TEXT(struct filter, session,
					  "session_id", 8),
	PARAM_TEXTS(struct filter, agents, "agent_name", 16),
	PARAM_CHOICES(struct filter, statuses, "status", statuses),
	PARAM_TIME(struct filter, from, "from"),
	PARAM_TIME_END(struct filter, to, "to"),
	PARAM_DURATION(
	    struct filter, last, "last", USEC_PER_MIN, 7 * USEC_PER_DAY),
	PARAM_U64(struct filter, limit, "limit", 1, 200),
	PARAM_CHOICE(struct filter, format, "format", formats), PARAM_END };

static const usec_t DAY = 1795392000 * USEC_PER_SEC; /* 2026-11-23 */

static struct arena arena = ARENA_INIT;

static struct filter
read_well(const char *query)
{
	struct filter filter = { .limit = 50, .format = -1 };
	struct error err = { 0 };

	if (params_parse(slice_of(query), table, &arena, &filter, &err) == -1)
		fail_msg("%s: %s", query, err.sentence);
	return filter;
}

static int
end_arena(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

static void
what_is_not_given_stays(void **state)
{
	(void)state;
	struct filter filter = read_well("");
	assert_int_equal(filter.limit, 50);
	assert_int_equal(filter.format, -1);
	assert_null(filter.session.data);
	assert_int_equal(filter.agents.count, 0);
}

static void
every_type_is_read(void **state)
{
	(void)state;
	struct filter filter =
	    read_well("&session_id=s%2d1+%C3%A4&&limit=200&format=csv&last=24h&"
		      "from=2026-11-23&to=2026-11-23&");

	assert_true(slice_is(filter.session, "s-1 \xc3\xa4"));
	assert_int_equal(filter.limit, 200);
	assert_int_equal(filter.format, 2);
	assert_int_equal(filter.last, USEC_PER_DAY);
	assert_int_equal(filter.from, DAY);
	assert_int_equal(filter.to, DAY + USEC_PER_DAY);
}

static void
a_time_survives_an_unescaped_plus(void **state)
{
	static const struct {
		const char *query;
		usec_t time;
	} cases[] = {
		{ "to=2026-11-23T00:00:01Z", DAY + USEC_PER_SEC },
		{ "to=2026-11-23T02:00:01%2B02:00", DAY + USEC_PER_SEC },
		{ "to=2026-11-23T02:00:01+02:00", DAY + USEC_PER_SEC },
		{ "to=2026-11-23+02:00:01Z", DAY + 7201 * USEC_PER_SEC },
		{ "to=9999-12-31", CLOCK_MAX },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(read_well(cases[i].query).to, cases[i].time);
}

static void
lists_repeat_and_negate(void **state)
{
	(void)state;
	struct filter filter =
	    read_well("agent_name=a&agent_name=-b&agent_name=c-d&agent_name=e"
		      "&agent_name=f&status=-denied&status=success");

	assert_int_equal(filter.agents.count, 5);
	assert_true(slice_is(filter.agents.values[0].text, "a"));
	assert_false(filter.agents.values[0].negated);
	assert_true(slice_is(filter.agents.values[1].text, "b"));
	assert_true(filter.agents.values[1].negated);
	assert_true(slice_is(filter.agents.values[2].text, "c-d"));
	assert_true(slice_is(filter.agents.values[4].text, "f"));
	assert_int_equal(filter.statuses.count, 2);
	assert_int_equal(filter.statuses.values[0].choice, 2);
	assert_true(filter.statuses.values[0].negated);
	assert_int_equal(filter.statuses.values[1].choice, 0);
	assert_false(filter.statuses.values[1].negated);
}

static void
what_is_wrong_is_named(void **state)
{
	static const struct {
		const char *query, *field, *sentence;
	} cases[] = {
		{ "limit=0", "limit",
		    "limit must be a whole number from 1 to 200" },
		{ "limit=201", "limit",
		    "limit must be a whole number from 1 to 200" },
		{ "limit=1e2", "limit",
		    "limit must be a whole number from 1 to 200" },
		{ "limit=", "limit", "limit is empty" },
		{ "limit", "limit", "limit is empty" },
		{ "limit=5&limit=5", "limit", "limit may be given only once" },
		{ "Limit=5", "Limit", "there is no parameter Limit here" },
		{ "=5", "", "a parameter has no name" },
		{ "a%0ab=5", "a\\nb", "there is no parameter a\\nb here" },
		{ "a%zz=5", "a%zz", "the parameter's name has a bad %-escape" },
		{ "session_id=%", "session_id",
		    "session_id ends within a %-escape" },
		{ "session_id=%4", "session_id",
		    "session_id ends within a %-escape" },
		{ "session_id=%g0", "session_id",
		    "session_id has a bad %-escape" },
		{ "session_id=a%00", "session_id", "session_id holds a NUL" },
		{ "session_id=%ff", "session_id",
		    "session_id is not valid UTF-8" },
		{ "session_id=%ed%a0%80", "session_id",
		    "session_id is not valid UTF-8" },
		{ "session_id=123456789", "session_id",
		    "session_id is longer than 8 bytes" },
		{ "agent_name=-", "agent_name", "agent_name is empty" },
		{ "status=-", "status", "status is empty" },
		{ "status=done", "status",
		    "status must be one of: success, error, denied" },
		{ "format=-csv", "format",
		    "format must be one of: json, ndjson, csv" },
		{ "from=yesterday", "from",
		    "from must be a time like 2026-11-23T20:15:08Z "
		    "or a date like 2026-11-23" },
		{ "from=2026-02-30", "from",
		    "from must be a time like 2026-11-23T20:15:08Z "
		    "or a date like 2026-11-23" },
		{ "last=day", "last",
		    "last must be a duration like 15m, 24h or 7d" },
		{ "last=8d", "last", "last must be from 60s to 604800s" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct filter filter = { 0 };
		struct error err = { 0 };

		assert_int_equal(params_parse(slice_of(cases[i].query), table,
				     &arena, &filter, &err),
		    -1);
		assert_string_equal(err.sentence, cases[i].sentence);
		assert_string_equal(err.field, cases[i].field);
		assert_int_not_equal(err.code, ERROR_NONE);
	}
}

static void
without_a_table_no_parameter_is_allowed(void **state)
{
	struct error err = { 0 };

	(void)state;
	assert_int_equal(
	    params_parse(slice_of("&"), NULL, &arena, NULL, &err), 0);
	assert_int_equal(
	    params_parse(slice_of("a=1"), NULL, &arena, NULL, &err), -1);
	assert_int_equal(err.code, ERROR_UNKNOWN_FIELD);
}

static void
number_and_length_have_bounds(void **state)
{
	struct buf query = BUF_INIT;
	struct filter filter = { 0 };
	struct error err = { 0 };

	(void)state;
	for (int i = 0; i < PARAMS_MAX; i++)
		buf_add_str(&query, "agent_name=a&");
	assert_int_equal(
	    params_parse(buf_slice(&query), table, &arena, &filter, &err), 0);
	assert_int_equal(filter.agents.count, PARAMS_MAX);
	buf_add_str(&query, "limit=1");
	assert_int_equal(
	    params_parse(buf_slice(&query), table, &arena, &filter, &err), -1);
	assert_int_equal(err.code, ERROR_TOO_LONG);

	buf_reset(&query);
	buf_add_chars(&query, '&', REQUEST_QUERY_BYTES + 1);
	assert_int_equal(
	    params_parse(buf_slice(&query), table, &arena, &filter, &err), -1);
	assert_int_equal(err.code, ERROR_TOO_LONG);
	buf_free(&query);
}

static void
a_long_hostile_name_is_cut_and_shown(void **state)
{
	struct error err = { 0 };
	struct filter filter = { 0 };

	(void)state;
	assert_int_equal(
	    params_parse(slice_of("%e2%80%ae0123456789012345678901234567890123"
				  "456789012345678901234567890=1"),
		table, &arena, &filter, &err),
	    -1);
	assert_string_equal(
	    err.field, "\\u{202e}0123456789012345678901234567890123456");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_given_stays),
		cmocka_unit_test(every_type_is_read),
		cmocka_unit_test(a_time_survives_an_unescaped_plus),
		cmocka_unit_test(lists_repeat_and_negate),
		cmocka_unit_test(what_is_wrong_is_named),
		cmocka_unit_test(without_a_table_no_parameter_is_allowed),
		cmocka_unit_test(number_and_length_have_bounds),
		cmocka_unit_test(a_long_hostile_name_is_cut_and_shown),
	};

	return cmocka_run_group_tests(tests, NULL, end_arena);
}
