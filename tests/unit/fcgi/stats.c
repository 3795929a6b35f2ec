#include "fcgi/stats.c"

#include "base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void
the_step_is_the_smallest_usual_one_that_makes_few_buckets(void **state)
{
	static const struct {
		usec_t span;
		unsigned step_seconds;
	} cases[] = {
		{ USEC_PER_MIN, 1 },
		{ 199 * USEC_PER_SEC, 1 },
		{ 200 * USEC_PER_SEC, 5 },
		{ USEC_PER_HOUR, 60 },
		{ USEC_PER_DAY, 900 },
		{ 7 * USEC_PER_DAY, 3600 },
		{ 400 * USEC_PER_DAY, 604800 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct query query = QUERY_INIT;
		struct filter filter = FILTER_INIT;
		struct error err = { 0 };
		usec_t step = 0;

		filter.to = cases[i].span;
		assert_int_equal(choose_step(&query, &filter, &step, &err), 0);
		assert_int_equal(step, cases[i].step_seconds * USEC_PER_SEC);
	}
}

static void
a_step_with_too_many_buckets_is_refused_by_name(void **state)
{
	struct query query = QUERY_INIT;
	struct filter filter = FILTER_INIT;
	struct error err = { 0 };
	usec_t step = 0;

	(void)state;
	filter.to = USEC_PER_DAY;
	query.step = USEC_PER_SEC;
	assert_int_equal(choose_step(&query, &filter, &step, &err), -1);
	assert_string_equal(err.field, "step");
	query.step = 1500 * USEC_PER_MSEC;
	assert_int_equal(choose_step(&query, &filter, &step, &err), -1);
	assert_string_equal(err.field, "step");
}

static void
last_and_from_do_not_stand_together(void **state)
{
	struct query query = QUERY_INIT;
	struct filter filter = FILTER_INIT;
	struct error err = { 0 };

	(void)state;
	query.last = USEC_PER_HOUR;
	assert_int_equal(read_span(&query, &filter, &err), 0);
	assert_int_equal(filter.to - filter.from, USEC_PER_HOUR);
	query.from = 0;
	assert_int_equal(read_span(&query, &filter, &err), -1);
	assert_string_equal(err.field, "last");
}

static void
actors_of_all_kinds_are_shown_by_size(void **state)
{
	struct search_sum agents[] = { { SLICE_LITERAL("a"), 9 },
		{ SLICE_LITERAL("b"), 2 } };
	struct search_sum users[] = { { SLICE_LITERAL("ada"), 5 } };
	struct search_stats stats = {
		.by_actor_type = { [ENTRY_SYSTEM] = 4 },
		.agents = { agents, 2 },
		.users = { users, 1 },
	};
	cleanup(buf_free) struct buf out = BUF_INIT;
	struct json_writer json;

	(void)state;
	json_writer_init(&json, &out);
	json_writer_object(&json);
	write_by_actor(&json, &stats);
	json_writer_end_object(&json);
	assert_string_equal(out.data,
	    "{\"by_actor\":["
	    "{\"actor_type\":\"agent\",\"agent_name\":\"a\",\"total\":9},"
	    "{\"actor_type\":\"user\",\"user_name\":\"ada\",\"total\":5},"
	    "{\"actor_type\":\"system\",\"total\":4},"
	    "{\"actor_type\":\"agent\",\"agent_name\":\"b\",\"total\":2}]}");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    the_step_is_the_smallest_usual_one_that_makes_few_buckets),
		cmocka_unit_test(
		    a_step_with_too_many_buckets_is_refused_by_name),
		cmocka_unit_test(last_and_from_do_not_stand_together),
		cmocka_unit_test(actors_of_all_kinds_are_shown_by_size),
	};

	return cmocka_run_group_tests_name("fcgi/stats", tests, NULL, NULL);
}
