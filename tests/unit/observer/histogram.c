#include "collectors/observer/histogram.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { VALUES = 5000 };

static const double quantiles[] = { 0, 0.01, 0.5, 0.9, 0.99, 0.999, 1 };

static int
compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* The bound that the header promises, and nothing for a rounded double. */
static void
assert_near(double found, uint64_t exact)
{
	assert_true(fabs(found - (double)exact) <= (double)exact / 64);
}

static void
every_value_is_in_a_bucket_that_is_near_it(void **state)
{
	(void)state;
	for (uint64_t value = 0; value <= HISTOGRAM_MAX;
	     value += 1 + value / 300) {
		assert_in_range(bucket_of(value), 0, HISTOGRAM_BUCKETS - 1);
		assert_near(value_of(bucket_of(value)), value);
	}
	assert_int_equal(bucket_of(HISTOGRAM_MAX), HISTOGRAM_BUCKETS - 1);
}

static void
buckets_follow_each_other_without_a_gap(void **state)
{
	size_t before = 0;

	(void)state;
	for (uint64_t value = 1; value < 100000; value++) {
		size_t bucket = bucket_of(value);

		assert_in_range(bucket, before, before + 1);
		before = bucket;
	}
}

static void
a_quantile_is_what_sorting_finds(void **state)
{
	static struct histogram histogram;
	static uint64_t values[VALUES];
	uint64_t chance = 1;

	(void)state;
	for (size_t i = 0; i < VALUES; i++) {
		/* Small ones are many, large ones few: as latencies are. */
		chance = chance * 6364136223846793005u + 1442695040888963407u;
		values[i] = (chance >> 40) >> (chance >> 8) % 20;
		if (values[i] > HISTOGRAM_MAX)
			values[i] = HISTOGRAM_MAX;
		histogram_add(&histogram, values[i]);
	}
	qsort(values, VALUES, sizeof(values[0]), compare);
	for (size_t i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]); i++) {
		size_t rank = (size_t)ceil(quantiles[i] * VALUES);

		assert_near(histogram_quantile(&histogram, quantiles[i]),
		    values[rank == 0 ? 0 : rank - 1]);
	}
}

static void
what_is_too_large_counts_as_the_largest(void **state)
{
	static struct histogram histogram;

	(void)state;
	histogram_add(&histogram, UINT64_MAX);
	assert_near(histogram_quantile(&histogram, 0.5), HISTOGRAM_MAX);
}

static void
an_empty_one_has_no_quantile(void **state)
{
	static struct histogram histogram;

	(void)state;
	assert_true(isnan(histogram_quantile(&histogram, 0.5)));
}

static void
two_merged_are_like_one_that_saw_both(void **state)
{
	static struct histogram first, second;

	(void)state;
	for (uint64_t i = 0; i < 10; i++) {
		histogram_add(&first, i);
		histogram_add(&second, 10 + i);
	}
	histogram_merge(&first, &second);
	assert_int_equal(first.count, 20);
	assert_true(histogram_quantile(&first, 0.5) == 9);
	assert_true(histogram_quantile(&first, 1) == 19);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_value_is_in_a_bucket_that_is_near_it),
		cmocka_unit_test(buckets_follow_each_other_without_a_gap),
		cmocka_unit_test(a_quantile_is_what_sorting_finds),
		cmocka_unit_test(what_is_too_large_counts_as_the_largest),
		cmocka_unit_test(an_empty_one_has_no_quantile),
		cmocka_unit_test(two_merged_are_like_one_that_saw_both),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
