#include "collectors/kruxosd/rate_limit.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct policy_limit three_a_minute = { "alerts.send",
	{ 3, USEC_PER_MIN }, NULL, 0 };
static const struct policy_limit one_an_hour = { "shell.*",
	{ 1, USEC_PER_HOUR }, "kruxos.conf", 7 };

static int
setup(void **state)
{
	*state = rate_limit_new();
	return 0;
}

static int
teardown(void **state)
{
	rate_limit_free(*state);
	return 0;
}

static usec_t
take(struct rate_limit *limits, const struct policy_limit *limit,
    const char *agent, usec_t now)
{
	return rate_limit_take(limits, limit, slice_of(agent), now);
}

static void
so_many_at_once_and_then_one_by_one(void **state)
{
	usec_t now = USEC_PER_DAY;

	for (int i = 0; i < 3; i++)
		assert_int_equal(take(*state, &three_a_minute, "a", now), 0);
	assert_int_equal(
	    take(*state, &three_a_minute, "a", now), 20 * USEC_PER_SEC);
	/* Who was refused has taken nothing. */
	assert_int_equal(
	    take(*state, &three_a_minute, "a", now + 19 * USEC_PER_SEC),
	    USEC_PER_SEC);
	now += 20 * USEC_PER_SEC;
	assert_int_equal(take(*state, &three_a_minute, "a", now), 0);
	assert_int_equal(
	    take(*state, &three_a_minute, "a", now), 20 * USEC_PER_SEC);
	now += USEC_PER_HOUR;
	for (int i = 0; i < 3; i++)
		assert_int_equal(take(*state, &three_a_minute, "a", now), 0);
	assert_int_not_equal(take(*state, &three_a_minute, "a", now), 0);
}

static void
each_agent_and_each_line_has_a_bucket(void **state)
{
	usec_t now = USEC_PER_DAY;

	for (int i = 0; i < 3; i++)
		assert_int_equal(take(*state, &three_a_minute, "a", now), 0);
	assert_int_not_equal(take(*state, &three_a_minute, "a", now), 0);
	assert_int_equal(take(*state, &three_a_minute, "b", now), 0);
	assert_int_equal(take(*state, &one_an_hour, "a", now), 0);
	assert_int_equal(take(*state, &one_an_hour, "a", now), USEC_PER_HOUR);
}

static void
without_a_limit_nobody_waits(void **state)
{
	static const struct policy_limit none = { "a.b", { 0, 0 },
		"kruxos.conf", 1 };

	for (int i = 0; i < 1000; i++) {
		assert_int_equal(take(*state, NULL, "a", USEC_PER_DAY), 0);
		assert_int_equal(take(*state, &none, "a", USEC_PER_DAY), 0);
	}
}

static void
a_line_that_was_changed_holds_nobody_up_for_what_was(void **state)
{
	static const struct policy_limit now_ten_a_second = { "shell.*",
		{ 10, USEC_PER_SEC }, "kruxos.conf", 7 };
	usec_t now = USEC_PER_DAY;

	assert_int_equal(take(*state, &one_an_hour, "a", now), 0);
	assert_in_range(
	    take(*state, &now_ten_a_second, "a", now), 1, USEC_PER_SEC);
	assert_int_equal(
	    take(*state, &now_ten_a_second, "a", now + USEC_PER_SEC), 0);
}

static void
who_has_taken_most_is_forgotten_last(void **state)
{
	usec_t now = USEC_PER_DAY;
	unsigned refused = 0;

	assert_int_equal(take(*state, &one_an_hour, "greedy", now), 0);
	for (unsigned i = 0; i < 4 * RATE_LIMIT_BUCKETS; i++) {
		char agent[32];

		snprintf(agent, sizeof(agent), "agent-%u", i);
		assert_int_equal(take(*state, &three_a_minute, agent, now), 0);
	}
	refused += take(*state, &one_an_hour, "greedy", now) != 0;
	assert_int_equal(refused, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(so_many_at_once_and_then_one_by_one),
		TEST(each_agent_and_each_line_has_a_bucket),
		TEST(without_a_limit_nobody_waits),
		TEST(a_line_that_was_changed_holds_nobody_up_for_what_was),
		TEST(who_has_taken_most_is_forgotten_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
