#include "lib/http/loop.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/test_clock.h"

static struct error ignored;

static int
setup(void **state)
{
	test_now = USEC_PER_HOUR;
	*state = loop_new(&test_clock, &ignored);
	return *state == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	loop_free(*state);
	return 0;
}

static void
count_up(void *context)
{
	++*(int *)context;
}

static void
a_timer_comes_at_its_interval(void **state)
{
	struct loop *loop = *state;
	int seconds = 0, minutes = 0;
	struct loop_timer second = { count_up, &seconds, USEC_PER_SEC };
	struct loop_timer minute = { count_up, &minutes, USEC_PER_MIN };

	loop_every(loop, &minute);
	loop_every(loop, &second);
	for (int i = 0; i < 240; i++) {
		test_now += USEC_PER_SEC / 2;
		loop_turn(loop, 0, &ignored);
	}
	assert_int_equal(seconds, 120);
	assert_int_equal(minutes, 2);
	loop_timer_remove(loop, &second);
	test_now += USEC_PER_MIN;
	loop_turn(loop, 0, &ignored);
	assert_int_equal(seconds, 120);
	assert_int_equal(minutes, 3);
}

static void
a_timer_that_is_late_is_not_made_up_for(void **state)
{
	struct loop *loop = *state;
	int count = 0;
	struct loop_timer second = { count_up, &count, USEC_PER_SEC };

	loop_every(loop, &second);
	test_now += USEC_PER_HOUR;
	loop_turn(loop, 0, &ignored);
	loop_turn(loop, 0, &ignored);
	assert_int_equal(count, 1);
}

static void
a_timer_without_interval_comes_once(void **state)
{
	struct loop *loop = *state;
	int count = 0;
	struct loop_timer once = { count_up, &count, 0 };

	loop_timer_set(loop, &once, USEC_PER_MIN);
	loop_timer_set(loop, &once, USEC_PER_SEC);
	for (int i = 0; i < 3; i++) {
		test_now += USEC_PER_MIN;
		loop_turn(loop, 0, &ignored);
	}
	assert_int_equal(count, 1);
}

struct pair {
	struct loop *loop;
	int fds[2];
	struct loop_watch watches[2];
	int calls;
};

/* Whoever comes first ends the other, whose event stands behind its own. */
static void
end_both(void *context, uint32_t events)
{
	struct pair *pair = context;

	(void)events;
	pair->calls++;
	for (int i = 0; i < 2; i++)
		loop_remove(pair->loop, pair->fds[i], &pair->watches[i]);
}

static void
an_event_of_what_was_removed_is_not_delivered(void **state)
{
	struct pair pair = { .loop = *state };
	int pipes[2][2];

	for (int i = 0; i < 2; i++) {
		assert_int_equal(pipe(pipes[i]), 0);
		assert_int_equal(write(pipes[i][1], "x", 1), 1);
		pair.fds[i] = pipes[i][0];
		pair.watches[i] = (struct loop_watch){ end_both, &pair };
		assert_int_equal(
		    loop_add(pair.loop, pair.fds[i], &pair.watches[i], EPOLLIN),
		    0);
	}
	loop_turn(pair.loop, 0, &ignored);
	loop_turn(pair.loop, 0, &ignored);
	assert_int_equal(pair.calls, 1);
	for (int i = 0; i < 2; i++) {
		close(pipes[i][0]);
		close(pipes[i][1]);
	}
}

static bool
three_times(void *context)
{
	return ++*(int *)context < 3;
}

static void
a_hook_may_have_the_next_turn_at_once(void **state)
{
	struct loop *loop = *state;
	int count = 0;
	struct loop_hook hook = { three_times, &count };

	loop_hook_add(loop, &hook);
	loop_turn(loop, 0, &ignored);
	while (loop->again) /* would wait for an hour */
		loop_turn(loop, USEC_PER_HOUR, &ignored);
	assert_int_equal(count, 3);
	loop_hook_remove(loop, &hook);
	loop_turn(loop, 0, &ignored);
	assert_int_equal(count, 3);
}

static void
stop_it(void *context)
{
	loop_stop(context);
}

static void
memory_lasts_to_the_end_of_its_turn(void **state)
{
	struct loop *loop = *state;
	struct loop_timer timer = { stop_it, loop, 0 };

	for (int i = 0; i < 100; i++)
		loop_free_later(loop, memory_new(16));
	assert_int_equal(loop->later_count, 100);
	loop_timer_set(loop, &timer, 0);
	assert_int_equal(loop_run(loop, &ignored), 0);
	assert_int_equal(loop->later_count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_timer_comes_at_its_interval),
		TEST(a_timer_that_is_late_is_not_made_up_for),
		TEST(a_timer_without_interval_comes_once),
		TEST(an_event_of_what_was_removed_is_not_delivered),
		TEST(a_hook_may_have_the_next_turn_at_once),
		TEST(memory_lasts_to_the_end_of_its_turn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
