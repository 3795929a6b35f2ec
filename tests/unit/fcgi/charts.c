#include "fcgi/charts.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define DAY	     USEC_PER_DAY
#define HOUR	     USEC_PER_HOUR
#define MINUTE	     USEC_PER_MIN
#define SECOND	     USEC_PER_SEC

static const usec_t NOW = 20000 * DAY;

static void
a_range_becomes_few_buckets(void **state)
{
	static const struct {
		usec_t from, to, step; /* ago; UNSET */
		usec_t chosen;
		size_t count;
	} cases[] = {
		{ UNSET, UNSET, UNSET, 15 * SECOND, 240 },
		{ 10 * MINUTE, UNSET, UNSET, 5 * SECOND, 120 },
		{ DAY, UNSET, UNSET, 300 * SECOND, 288 },
		{ 30 * DAY, UNSET, UNSET, 3 * HOUR, 240 },
		/* Of that there are no samples any more. */
		{ 2 * DAY, 2 * DAY - MINUTE, UNSET, 60 * SECOND, 1 },
		{ HOUR, UNSET, MINUTE, MINUTE, 60 },
		/* The range begins within a bucket, and ends in one. */
		{ 90 * SECOND, UNSET, MINUTE, MINUTE, 2 },
		{ 90 * SECOND, 1, MINUTE, MINUTE, 2 },
		{ HISTORY_POINTS * MINUTE, UNSET, MINUTE, MINUTE,
		    HISTORY_POINTS },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct question question = {
			.from = cases[i].from == UNSET ? UNSET
						       : NOW - cases[i].from,
			.to = cases[i].to == UNSET ? UNSET : NOW - cases[i].to,
			.step = cases[i].step,
		};
		struct chart chart = { 0 };
		struct error err = { 0 };

		if (read_range(&question, NOW, &chart, &err) == -1)
			fail_msg("%zu: %s", i, err.sentence);
		assert_true(chart.step == cases[i].chosen);
		assert_int_equal(chart.count, cases[i].count);
		assert_true(chart.from % chart.step == 0);
	}
}

static void
a_range_that_cannot_be_is_refused(void **state)
{
	static const struct {
		usec_t from, to, step; /* ago; UNSET */
		const char *field;
	} cases[] = {
		{ 0, UNSET, UNSET, "to" },
		{ HOUR, 2 * HOUR, UNSET, "to" },
		{ HOUR, UNSET, 5500 * USEC_PER_MSEC, "step" },
		{ 30 * DAY, UNSET, MINUTE, "step" },
		{ 20000 * DAY, UNSET, UNSET, "from" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct question question = {
			.from = NOW - cases[i].from,
			.to = cases[i].to == UNSET ? UNSET : NOW - cases[i].to,
			.step = cases[i].step,
		};
		struct chart chart = { 0 };
		struct error err = { 0 };

		assert_int_equal(read_range(&question, NOW, &chart, &err), -1);
		assert_string_equal(err.field, cases[i].field);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_range_becomes_few_buckets),
		cmocka_unit_test(a_range_that_cannot_be_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
