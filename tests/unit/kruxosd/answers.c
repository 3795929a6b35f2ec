#include "collectors/kruxosd/answers.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct answers answers;

static int
setup(void **state)
{
	(void)state;
	answers = (struct answers)ANSWERS_INIT;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	answers_free(&answers);
	return 0;
}

static struct error
bad(void)
{
	struct error err = { 0 };

	error_set(&err, ERROR_BAD_JSON, "no");
	return err;
}

/* What can be sent, and was not before. */
static void
assert_said(const char *expected)
{
	assert_string_equal(answers.output.data, expected);
	buf_reset(&answers.output);
}

#define BAD(line) \
	"{\"error\":\"bad_json\",\"line\":" line ",\"detail\":\"no\"}\n"
#define ACCEPTED(count, seq, line) \
	"{\"accepted\":" count ",\"seq\":" seq ",\"line\":" line "}\n"
#define DUPLICATE(seq, line)                             \
	"{\"accepted\":1,\"seq\":" seq ",\"line\":" line \
	",\"duplicate\":true}\n"

static void
lines_and_seqs_that_follow_each_other_are_one_answer(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++)
		answers_await(&answers);
	answers_settle(&answers, 1, 7, false, NULL);
	answers_settle(&answers, 2, 8, false, NULL);
	answers_settle(&answers, 3, 10, false, NULL); /* another's was 9 */
	answers_settle(&answers, 5, 11, false, NULL); /* line 4 was empty */
	answers_settle(&answers, 6, 12, false, NULL);
	assert_said(ACCEPTED("2", "8", "2") ACCEPTED("1", "10", "3")
		ACCEPTED("2", "12", "6"));
}

static void
what_is_known_at_once_waits_for_its_turn(void **state)
{
	struct error err = bad();

	(void)state;
	answers_error(&answers, 1, &err);
	assert_said(BAD("1"));
	answers_await(&answers); /* line 2 */
	answers_error(&answers, 3, &err);
	answers_await(&answers); /* line 4 */
	answers_duplicate(&answers, 5, 3);
	assert_int_equal(answers.output.len, 0);
	answers_settle(&answers, 2, 7, false, NULL);
	answers_settle(&answers, 4, 8, false, NULL);
	assert_said(ACCEPTED("1", "7", "2") BAD("3") ACCEPTED("1", "8", "4")
		DUPLICATE("3", "5"));
	assert_int_equal(answers.held_text.capacity, 0);
	assert_null(answers.held);
}

static void
refusals_and_duplicates_of_a_batch_break_a_run(void **state)
{
	struct error err = bad();

	(void)state;
	for (int i = 0; i < 4; i++)
		answers_await(&answers);
	answers_settle(&answers, 1, 7, false, NULL);
	answers_settle(&answers, 2, 7, true, NULL);
	answers_settle(&answers, 3, 0, false, &err);
	answers_settle(&answers, 4, 8, false, NULL);
	assert_said(ACCEPTED("1", "7", "1") DUPLICATE("7", "2") BAD("3")
		ACCEPTED("1", "8", "4"));
}

static void
commands_keep_no_order(void **state)
{
	(void)state;
	answers_await(&answers);
	answers_add(&answers, SLICE_LITERAL("{\"id\":\"r\",\"ok\":{}}\n"));
	assert_said("{\"id\":\"r\",\"ok\":{}}\n");
	answers_settle(&answers, 1, 7, false, NULL);
	assert_said(ACCEPTED("1", "7", "1"));
}

static void
what_is_ready_and_what_is_held_counts(void **state)
{
	struct error err = bad();

	(void)state;
	answers_await(&answers);
	answers_error(&answers, 2, &err);
	answers_add(&answers, SLICE_LITERAL("four"));
	assert_int_equal(answers_bytes(&answers), strlen(BAD("2")) + 4);
	answers_settle(&answers, 1, 7, false, NULL);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(lines_and_seqs_that_follow_each_other_are_one_answer),
		TEST(what_is_known_at_once_waits_for_its_turn),
		TEST(refusals_and_duplicates_of_a_batch_break_a_run),
		TEST(commands_keep_no_order),
		TEST(what_is_ready_and_what_is_held_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
