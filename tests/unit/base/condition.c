#include "lib/base/condition.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

static void
who_is_not_woken_waits_until_the_deadline(void **state)
{
	static const usec_t waits[] = { 0, 1, 20 * USEC_PER_MSEC };
	pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	pthread_cond_t condition;

	(void)state;
	condition_init(&condition);
	pthread_mutex_lock(&mutex);
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		usec_t began = clock_monotonic(&clock_system);
		struct timespec deadline = condition_deadline(waits[i]);
		int answer;

		do
			answer = pthread_cond_timedwait(
			    &condition, &mutex, &deadline);
		while (answer == 0);
		assert_int_equal(answer, ETIMEDOUT);
		assert_true(clock_monotonic(&clock_system) - began >= waits[i]);
	}
	pthread_mutex_unlock(&mutex);
	pthread_cond_destroy(&condition);
}

static void
a_deadline_is_a_time_that_a_timespec_can_have(void **state)
{
	(void)state;
	for (usec_t wait = 0; wait < USEC_PER_SEC; wait += 1777) {
		usec_t before = clock_monotonic(&clock_system) + wait;
		struct timespec deadline = condition_deadline(wait);
		usec_t after = clock_monotonic(&clock_system) + wait;
		usec_t end = (usec_t)deadline.tv_sec * USEC_PER_SEC +
			     (usec_t)deadline.tv_nsec / 1000;

		assert_true(deadline.tv_nsec >= 0);
		assert_true(deadline.tv_nsec < 1000000000);
		assert_true(end >= before && end <= after);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_not_woken_waits_until_the_deadline),
		cmocka_unit_test(a_deadline_is_a_time_that_a_timespec_can_have),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
