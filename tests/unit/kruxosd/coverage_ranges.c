#include "collectors/kruxosd/coverage_ranges.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
gaps_are_what_never_came(void **state)
{
	static const struct {
		uint64_t came[4][2];
		size_t count;  /* of `came` */
		size_t ranges; /* that are left */
		uint64_t missing;
	} cases[] = {
		{ { { 0, 0 } }, 1, 1, 0 },
		{ { { 0, 4 }, { 5, 9 } }, 2, 1, 0 },
		{ { { 0, 4 }, { 6, 9 } }, 2, 2, 1 },
		/* What comes late closes its gap. */
		{ { { 0, 4 }, { 6, 9 }, { 5, 5 } }, 3, 1, 0 },
		{ { { 6, 9 }, { 0, 4 } }, 2, 2, 1 },
		{ { { 10, 20 }, { 1, 2 }, { 5, 6 } }, 3, 3, 5 },
		/* Twice, or one within the other. */
		{ { { 3, 9 }, { 4, 5 }, { 0, 12 } }, 3, 1, 0 },
		{ { { 1, 2 }, { 5, 6 }, { 9, 10 }, { 2, 9 } }, 4, 1, 0 },
		{ { { INT64_MAX, INT64_MAX }, { 0, 0 } }, 2, 2, INT64_MAX - 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct coverage_ranges ranges = { .count = 0 };

		for (size_t j = 0; j < cases[i].count; j++)
			coverage_ranges_add(
			    &ranges, cases[i].came[j][0], cases[i].came[j][1]);
		assert_int_equal(ranges.count, cases[i].ranges);
		assert_int_equal(
		    coverage_ranges_missing(&ranges), cases[i].missing);
	}
}

/* In whatever order numbers come, and however many gaps there are. */
static void
the_smallest_gap_is_given_up_and_stays_missing(void **state)
{
	struct coverage_ranges ranges = { .count = 0 };
	uint64_t missing = 0;

	(void)state;
	for (uint64_t i = 0; i < 2 * COVERAGE_RANGES; i++) {
		coverage_ranges_add(&ranges, i * 100, i * 100 + i % 3);
		if (i > 0)
			missing += 99 - (i - 1) % 3;
		assert_true(ranges.count <= COVERAGE_RANGES);
		assert_int_equal(coverage_ranges_missing(&ranges), missing);
	}
}

static void
ranges_are_kept_as_bytes(void **state)
{
	struct coverage_ranges ranges = { .count = 0 }, read;
	struct buf bytes = BUF_INIT;

	(void)state;
	for (uint64_t i = 0; i < 2 * COVERAGE_RANGES; i++) {
		buf_reset(&bytes);
		coverage_ranges_write(&ranges, &bytes);
		assert_int_equal(
		    coverage_ranges_read(&read, buf_slice(&bytes)), 0);
		assert_int_equal(read.count, ranges.count);
		assert_memory_equal(read.ranges, ranges.ranges,
		    ranges.count * sizeof(ranges.ranges[0]));
		assert_int_equal(coverage_ranges_missing(&read),
		    coverage_ranges_missing(&ranges));
		coverage_ranges_add(&ranges, 3 * i, 3 * i + 1);
	}
	buf_free(&bytes);
}

static void
bytes_that_are_no_ranges_are_refused(void **state)
{
	static const uint64_t backwards[] = { 0, 5, 4 };
	static const uint64_t touching[] = { 0, 1, 4, 5, 6 };
	static const uint64_t many[1 + 2 * (COVERAGE_RANGES + 1)];
	const struct slice cases[] = {
		{ "x", 1 },
		{ (const char *)backwards, 12 },
		{ (const char *)backwards, sizeof(backwards) },
		{ (const char *)touching, sizeof(touching) },
		{ (const char *)many, sizeof(many) },
	};
	struct coverage_ranges read = { .count = 7 };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(coverage_ranges_read(&read, cases[i]), -1);
		assert_int_equal(read.count, 7);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gaps_are_what_never_came),
		cmocka_unit_test(
		    the_smallest_gap_is_given_up_and_stays_missing),
		cmocka_unit_test(ranges_are_kept_as_bytes),
		cmocka_unit_test(bytes_that_are_no_ranges_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
