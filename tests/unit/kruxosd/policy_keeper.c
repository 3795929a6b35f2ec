#include "collectors/kruxosd/policy_keeper.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/test_clock.h"

static void
configure(struct policy_keeper *keeper, const char *text)
{
	cleanup(config_freep) struct config *config = NULL;
	cleanup(buf_free) struct buf problems = BUF_INIT;

	assert_int_equal(config_parse("/etc/kruxos/kruxos.conf", slice_of(text),
			     &config, &problems),
	    0);
	policy_keeper_configure(keeper, config);
}

static int
setup(void **state)
{
	*state = policy_keeper_new(&test_clock);
	return 0;
}

static int
teardown(void **state)
{
	policy_keeper_free(*state);
	return 0;
}

static int
take(struct policy_keeper *keeper, struct error *err)
{
	return policy_keeper_take(
	    keeper, SLICE_LITERAL("fixer"), SLICE_LITERAL("shell.exec"), err);
}

static void
the_policy_is_that_which_was_read_last(void **state)
{
	struct policy_keeper *keeper = *state;
	struct policy_decision decision;
	cleanup(buf_free) struct buf line = BUF_INIT;

	configure(keeper, "[policy]\nshell.* = blocked\n");
	policy_keeper_decide(keeper, SLICE_LITERAL("fixer"),
	    SLICE_LITERAL("shell.exec"), &decision);
	assert_int_equal(decision.tier, ENTRY_BLOCKED);
	configure(keeper, "\n[policy agent fixer]\nshell.* = notify\n");
	policy_keeper_decide(keeper, SLICE_LITERAL("fixer"),
	    SLICE_LITERAL("shell.exec"), &decision);
	policy_keeper_add_line(keeper, &decision, &line);
	assert_string_equal(
	    line.data, "kruxos.conf:3: [policy agent fixer] shell.* = notify");
	configure(keeper, "");
	policy_keeper_decide(keeper, SLICE_LITERAL("fixer"),
	    SLICE_LITERAL("shell.exec"), &decision);
	assert_null(decision.rule);
	buf_reset(&line);
	policy_keeper_add_line(keeper, &decision, &line);
	assert_int_equal(line.len, 0);
}

static void
whoever_is_too_quick_hears_which_line_says_so_and_how_long(void **state)
{
	struct policy_keeper *keeper = *state;
	struct error err = { 0 };

	configure(keeper, "[limit]\nshell.* = 2/1m\n");
	assert_int_equal(take(keeper, &err), 0);
	assert_int_equal(take(keeper, &err), 0);
	assert_int_equal(take(keeper, &err), -1);
	assert_int_equal(err.code, ERROR_TOO_MANY);
	assert_int_equal(err.wait_seconds, 30);
	assert_string_equal(err.sentence,
	    "more than the limit allows (kruxos.conf:2: [limit] shell.* = "
	    "2/1m)");
	test_now += 29 * USEC_PER_SEC + 1;
	assert_int_equal(take(keeper, &err), -1);
	assert_int_equal(err.wait_seconds, 1);
	test_now += USEC_PER_SEC;
	assert_int_equal(take(keeper, &err), 0);
}

static void
what_was_taken_stays_taken_when_the_file_is_read_again(void **state)
{
	struct policy_keeper *keeper = *state;
	struct error err;

	configure(keeper, "[limit]\nshell.* = 1/1h\n");
	assert_int_equal(take(keeper, &err), 0);
	configure(keeper, "# more\n[limit]\na.b = none\nshell.* = 1/1h\n");
	assert_int_equal(take(keeper, &err), -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_policy_is_that_which_was_read_last),
		TEST(
		    whoever_is_too_quick_hears_which_line_says_so_and_how_long),
		TEST(what_was_taken_stays_taken_when_the_file_is_read_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
