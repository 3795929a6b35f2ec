#include "collectors/kruxosd/call_filter.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define NOW (1000 * USEC_PER_DAY)

static struct call_filter *filter;

static int
set_up(void **state)
{
	(void)state;
	filter = call_filter_new();
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	call_filter_free(filter);
	return 0;
}

/* Those of all sizes together, and of one more of the largest. */
enum { SEVERAL = LINE_CALLS * ((1 << 10) + (1 << 12) + (2 << 14)) };

static void
what_was_added_is_never_denied(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < SEVERAL; i++)
		call_filter_add(filter, i * 2654435761U, NOW);
	assert_int_equal(filter->count, 4);
	for (uint32_t i = 0; i < SEVERAL; i++)
		assert_true(call_filter_may_have(filter, i * 2654435761U, NOW));
}

static void
a_full_generation_seldom_errs(void **state)
{
	const uint32_t calls = LINE_CALLS << SMALLEST;
	unsigned wrong = 0;

	(void)state;
	for (uint32_t i = 0; i < calls; i++)
		call_filter_add(filter, i, NOW);
	assert_int_equal(filter->count, 1);
	for (uint32_t i = calls; i < calls + 100000; i++)
		wrong += call_filter_may_have(filter, i, NOW);
	assert_in_range(wrong, 1, 500); /* 0.5 % */
}

static void
after_a_day_it_is_forgotten(void **state)
{
	(void)state;
	call_filter_add(filter, 1, NOW);
	call_filter_add(filter, 2, NOW + 12 * USEC_PER_HOUR);
	assert_true(call_filter_may_have(filter, 1, NOW + CALL_FILTER_SPAN));
	assert_false(
	    call_filter_may_have(filter, 1, NOW + CALL_FILTER_SPAN + 1));
	assert_true(
	    call_filter_may_have(filter, 2, NOW + CALL_FILTER_SPAN + 1));
}

/* The sizes that a day of so many calls a second comes to. */
static void
generations_are_as_large_as_calls_are_many(void **state)
{
	static const struct {
		unsigned per_second;
		int log2;
	} cases[] = { { 1, SMALLEST }, { 10, 12 }, { 200, LARGEST } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct call_filter *own = call_filter_new();
		unsigned calls = cases[i].per_second * 86400;

		for (unsigned call = 0; call < calls; call++)
			call_filter_add(
			    own, call, NOW + call * USEC_PER_DAY / calls);
		assert_int_equal(
		    own->generations[own->count - 1]->log2, cases[i].log2);
		call_filter_free(own);
	}
}

static void
a_quiet_time_makes_them_small_again(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < SEVERAL; i++)
		call_filter_add(filter, i, NOW);
	for (uint32_t i = 1; i <= 3; i++)
		call_filter_add(filter, i, NOW + i * GENERATION_SPAN);
	assert_int_equal(
	    filter->generations[filter->count - 1]->log2, SMALLEST);
}

static void
its_memory_has_a_bound(void **state)
{
	(void)state;
	/* A generation each, as if it had been six hours. */
	for (uint32_t i = 0; i < 2 * CALL_FILTER_GENERATIONS; i++)
		call_filter_add(filter, i, NOW + i * GENERATION_SPAN);
	assert_int_equal(filter->count, CALL_FILTER_GENERATIONS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_added_is_never_denied),
		TEST(a_full_generation_seldom_errs),
		TEST(after_a_day_it_is_forgotten),
		TEST(generations_are_as_large_as_calls_are_many),
		TEST(a_quiet_time_makes_them_small_again),
		TEST(its_memory_has_a_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
