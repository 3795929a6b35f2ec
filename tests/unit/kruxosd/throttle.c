#include "collectors/kruxosd/throttle.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define NOW (1000 * USEC_PER_HOUR)
#define ANA SLICE_LITERAL("ana")

static int
setup(void **state)
{
	*state = throttle_new(10);
	return 0;
}

static int
teardown(void **state)
{
	throttle_free(*state);
	return 0;
}

static unsigned
tries_until_refused(struct throttle *throttle, struct slice key, usec_t now)
{
	unsigned tries = 0;

	while (tries < 1000 && throttle_try(throttle, key, now) == 0)
		tries++;
	return tries;
}

static void
ten_a_minute_may_be_tried_and_the_next_says_how_long_to_wait(void **state)
{
	assert_int_equal(tries_until_refused(*state, ANA, NOW), 10);
	assert_int_equal(throttle_try(*state, ANA, NOW), 6 * USEC_PER_SEC);
	/* A try that was refused makes nothing longer. */
	assert_int_equal(throttle_try(*state, ANA, NOW), 6 * USEC_PER_SEC);
	assert_int_equal(throttle_try(*state, ANA, NOW + 6 * USEC_PER_SEC), 0);
	assert_int_not_equal(
	    throttle_try(*state, ANA, NOW + 6 * USEC_PER_SEC), 0);
	assert_int_equal(
	    tries_until_refused(*state, ANA, NOW + 2 * USEC_PER_MIN), 10);
}

static void
each_key_has_a_bucket_of_its_own(void **state)
{
	tries_until_refused(*state, ANA, NOW);
	assert_int_equal(
	    tries_until_refused(*state, SLICE_LITERAL("ben"), NOW), 10);
	assert_int_equal(
	    tries_until_refused(*state, (struct slice){ "", 0 }, NOW), 10);
}

static void
what_is_forgiven_does_not_count(void **state)
{
	for (int i = 0; i < 100; i++) {
		assert_int_equal(throttle_try(*state, ANA, NOW), 0);
		throttle_forgive(*state, ANA, NOW);
	}
	assert_int_equal(tries_until_refused(*state, ANA, NOW), 10);
	/* More than was taken does not come back. */
	throttle_forgive(*state, SLICE_LITERAL("ben"), NOW);
	throttle_forgive(*state, SLICE_LITERAL("ben"), NOW);
	assert_int_equal(
	    tries_until_refused(*state, SLICE_LITERAL("ben"), NOW), 10);
}

static void
who_has_tried_most_is_forgotten_last(void **state)
{
	char key[32];

	tries_until_refused(*state, ANA, NOW);
	for (unsigned i = 0; i < 4 * THROTTLE_KEYS; i++) {
		snprintf(key, sizeof(key), "%u", i);
		assert_int_equal(throttle_try(*state, slice_of(key), NOW), 0);
	}
	assert_int_not_equal(throttle_try(*state, ANA, NOW), 0);
}

static void
another_rate_counts_from_now_on(void **state)
{
	throttle_set(*state, 3);
	assert_int_equal(tries_until_refused(*state, ANA, NOW), 3);
	throttle_set(*state, 60);
	assert_int_equal(
	    tries_until_refused(*state, ANA, NOW + USEC_PER_MIN), 60);
}

static void
a_network_of_ipv6_is_one_place_and_an_address_of_ipv4_one(void **state)
{
	static const struct {
		const char *a, *b;
		bool are_one;
	} cases[] = {
		{ "2001:db8::1", "2001:db8:0:0:ffff::2", true },
		{ "2001:db8::1", "2001:db8:0:1::1", false },
		{ "192.0.2.1", "192.0.2.1", true },
		{ "192.0.2.1", "192.0.2.2", false },
		{ "::ffff:192.0.2.1", "::ffff:192.0.2.2", false },
		{ "127.0.0.1", "127.9.8.7", true },
		{ "127.0.0.1", "128.0.0.1", false },
		{ "uid 1000", "uid 1001", false },
		{ "", "", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct throttle_place a, b;

		assert_int_equal(
		    slice_equal(throttle_place(slice_of(cases[i].a), &a),
			throttle_place(slice_of(cases[i].b), &b)),
		    cases[i].are_one);
	}
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(
		    ten_a_minute_may_be_tried_and_the_next_says_how_long_to_wait),
		TEST(each_key_has_a_bucket_of_its_own),
		TEST(what_is_forgiven_does_not_count),
		TEST(who_has_tried_most_is_forgotten_last),
		TEST(another_rate_counts_from_now_on),
		cmocka_unit_test(
		    a_network_of_ipv6_is_one_place_and_an_address_of_ipv4_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
