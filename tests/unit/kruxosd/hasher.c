#include "collectors/kruxosd/hasher.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>

#define PASSWORD SLICE_LITERAL("correct horse battery")

/* What came, in the order in which it was done. */
struct heard {
	struct buf hash;
	unsigned count, matches, errors;
};

static void
on_done(void *context, const struct hasher_result *result)
{
	struct heard *heard = context;

	heard->count++;
	heard->matches += result->matches;
	heard->errors += result->err != NULL;
	buf_reset(&heard->hash);
	buf_add_slice(&heard->hash, result->hash);
}

static int
setup(void **state)
{
	struct error err;

	*state = hasher_new(&err);
	assert_non_null(*state);
	return 0;
}

static int
teardown(void **state)
{
	hasher_free(*state);
	return 0;
}

static void
await(struct hasher *hasher, struct heard *heard, unsigned count)
{
	struct pollfd done = { hasher_fd(hasher), POLLIN, 0 };

	while (heard->count < count) {
		assert_int_equal(poll(&done, 1, 60000), 1);
		hasher_take(hasher);
	}
}

static void
make(struct hasher *hasher, struct slice password, struct buf *ret_hash)
{
	struct heard heard = { .hash = BUF_INIT };
	struct error err;

	assert_int_equal(
	    hasher_make(hasher, password, on_done, &heard, &err), 0);
	await(hasher, &heard, 1);
	assert_int_equal(heard.errors, 0);
	*ret_hash = heard.hash;
}

static bool
matches(struct hasher *hasher, struct slice password, struct slice hash)
{
	struct heard heard = { .hash = BUF_INIT };
	struct error err;

	assert_int_equal(
	    hasher_check(hasher, password, hash, on_done, &heard, &err), 0);
	await(hasher, &heard, 1);
	assert_int_equal(heard.errors, 0);
	buf_free(&heard.hash);
	return heard.matches == 1;
}

static void
a_password_matches_its_hash_and_no_other_does(void **state)
{
	cleanup(buf_free) struct buf hash = BUF_INIT;
	cleanup(buf_free) struct buf again = BUF_INIT;
	struct slice it;

	make(*state, PASSWORD, &hash);
	it = buf_slice(&hash);
	assert_true(slice_starts_with(it, SLICE_LITERAL("$y$")));
	assert_null(strstr(hash.data, "horse"));
	assert_true(matches(*state, PASSWORD, it));
	assert_false(
	    matches(*state, SLICE_LITERAL("correct horse batterz"), it));
	assert_false(matches(*state, SLICE_LITERAL(""), it));
	/* What crypt(3) would take for the password. */
	assert_false(
	    matches(*state, SLICE_LITERAL("correct horse battery\0x"), it));
	/* The hash itself is no password. */
	assert_false(matches(*state, it, it));

	make(*state, PASSWORD, &again);
	assert_string_not_equal(again.data, hash.data);
}

static void
who_has_no_password_matches_nothing_and_costs_a_hash(void **state)
{
	struct hasher *hasher = *state;
	struct heard heard = { .hash = BUF_INIT };
	struct error err;
	struct slice none = { "", 0 };

	assert_int_equal(
	    hasher_check(hasher, PASSWORD, none, on_done, &heard, &err), 0);
	await(hasher, &heard, 1);
	assert_int_equal(heard.matches, 0);
	/* It was made like any other. */
	assert_int_equal(heard.errors, 0);
	assert_true(slice_starts_with(
	    buf_slice(&heard.hash), slice_of(hasher->nobodys)));
	assert_true(heard.hash.len > strlen(hasher->nobodys));
	buf_free(&heard.hash);
}

static void
a_hash_that_is_none_is_an_error_and_no_match(void **state)
{
	struct heard heard = { .hash = BUF_INIT };
	struct error err;

	assert_int_equal(hasher_check(*state, PASSWORD, SLICE_LITERAL("$q$x"),
			     on_done, &heard, &err),
	    0);
	await(*state, &heard, 1);
	assert_int_equal(heard.errors, 1);
	assert_int_equal(heard.matches, 0);
	buf_free(&heard.hash);
}

static void
more_than_the_queue_holds_are_refused_and_the_others_are_answered(void **state)
{
	struct heard heard = { .hash = BUF_INIT };
	struct slice none = { "", 0 };
	unsigned taken = 0;
	struct error err = { 0 };

	while (taken < 10 * HASHER_QUEUE &&
	       hasher_check(*state, PASSWORD, none, on_done, &heard, &err) == 0)
		taken++;
	assert_int_equal(err.code, ERROR_BUSY);
	assert_in_range(taken, HASHER_QUEUE, 10 * HASHER_QUEUE - 1);
	/* Those that wait hear of its end, too. */
	hasher_free(*state);
	assert_int_equal(heard.count, taken);
	assert_int_equal(heard.matches, 0);
	buf_free(&heard.hash);
	setup(state);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_password_matches_its_hash_and_no_other_does),
		TEST(who_has_no_password_matches_nothing_and_costs_a_hash),
		TEST(a_hash_that_is_none_is_an_error_and_no_match),
		TEST(
		    more_than_the_queue_holds_are_refused_and_the_others_are_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
