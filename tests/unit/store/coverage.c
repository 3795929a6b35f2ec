#include "lib/store/coverage.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
a_percentage_is_of_the_calls_that_both_ways_can_know(void **state)
{
	static const struct {
		struct coverage coverage;
		uint64_t both, unrecorded;
		double percent; /* -1: not known */
	} cases[] = {
		{ { 0 }, 0, 0, -1 },
		/* One way alone compares with nothing. */
		{ { .by_hook = 5 }, 0, 0, -1 },
		{ { .by_telemetry = 5 }, 0, 0, -1 },
		{ { .by_hook = 4, .by_telemetry = 4, .both = 4 }, 4, 0, 100 },
		{ { .by_hook = 4, .by_telemetry = 1, .both = 1 }, 1, 0, 25 },
		{ { .by_hook = 1, .by_telemetry = 4, .both = 1 }, 1, 3, 25 },
		{ { .by_hook = 2, .by_telemetry = 2 }, 0, 2, 0 },
		{ { .by_hook = 3, .by_telemetry = 2, .both = 2, .denied = 1 },
		    2, 0, 100 },
		{ { .by_hook = 3, .by_telemetry = 3, .unnamed = 3 }, 3, 0,
		    100 },
		{ { .by_hook = 1, .by_telemetry = 3, .unnamed = 3 }, 1, 2,
		    100.0 / 3 },
		/* What cannot be, after a restart perhaps, does no harm. */
		{ { .by_hook = 1, .by_telemetry = 1, .both = 3 }, 3, 0, -1 },
		{ { .by_hook = 1, .by_telemetry = 1, .both = 1, .denied = 9 },
		    1, 0, -1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct coverage *coverage = &cases[i].coverage;
		double percent = coverage_percent(coverage);

		assert_int_equal(coverage_both(coverage), cases[i].both);
		assert_int_equal(
		    coverage_unrecorded(coverage), cases[i].unrecorded);
		if (cases[i].percent < 0)
			assert_true(isnan(percent));
		else
			assert_true(fabs(percent - cases[i].percent) < 0.01);
	}
}

static void
sessions_that_cannot_be_compared_add_no_calls(void **state)
{
	static const struct coverage sessions[] = {
		{ .by_hook = 4, .by_telemetry = 3, .both = 3 },
		{ .by_hook = 100 },
		{ .by_telemetry = 100, .missing = 2 },
		{ .by_hook = 1, .by_telemetry = 2, .both = 1, .missing = 1 },
	};
	struct coverage_sum sum = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(sessions); i++)
		coverage_add(&sum, &sessions[i]);
	assert_int_equal(sum.both, 4);
	assert_int_equal(sum.all, 6);
	assert_int_equal(sum.unrecorded, 1);
	assert_int_equal(sum.missing, 3);
}

static void
without_a_database_nothing_is_known(void **state)
{
	struct coverage_reader *reader = coverage_open("/nowhere/telemetry.db");
	struct coverage coverage = { .by_hook = 7 };
	struct coverage_sum sum = { .all = 7 };
	struct error err = { 0 };

	(void)state;
	assert_int_equal(
	    coverage_find(reader, SLICE_LITERAL("s"), &coverage, &err), -1);
	assert_int_equal(err.code, ERROR_UNREACHABLE);
	assert_int_equal(coverage_sum_since(reader, 0, &sum, &err), -1);
	assert_int_equal(coverage.by_hook, 7);
	assert_int_equal(sum.all, 7);
	coverage_close(reader);
	coverage_close(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_percentage_is_of_the_calls_that_both_ways_can_know),
		cmocka_unit_test(sessions_that_cannot_be_compared_add_no_calls),
		cmocka_unit_test(without_a_database_nothing_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
