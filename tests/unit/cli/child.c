#include "cli/child.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* A shell that does what `script` says. */
static void
start(struct child *child, const char *script, usec_t timeout)
{
	char *argv[] = { (char *)(uintptr_t) "/bin/sh",
		(char *)(uintptr_t) "-c", (char *)(uintptr_t)script, NULL };
	struct error err = { 0 };

	if (child_start(child, argv, timeout, &err) == -1)
		fail_msg("%s", err.sentence);
}

static void
assert_line(struct child *child, const char *text)
{
	struct error err = { 0 };
	struct slice line = { NULL, 0 };

	if (child_line(child, &line, &err) != 1)
		fail_msg("no line '%s': %s", text, err.sentence);
	assert_int_equal(line.len, strlen(text));
	assert_memory_equal(line.data, text, line.len);
}

static void
lines_come_one_by_one_and_then_no_more(void **state)
{
	struct error err = { 0 };
	struct child child;
	struct slice line;

	(void)state;
	start(&child, "printf 'one\\n\\nthree\\nlast'; echo no >&2",
	    USEC_PER_MIN);
	assert_line(&child, "one");
	assert_line(&child, "");
	assert_line(&child, "three");
	assert_line(&child, "last");
	assert_int_equal(child_line(&child, &line, &err), 0);
	assert_int_equal(child_line(&child, &line, &err), 0);
	child_end(&child);
}

static void
it_answers_what_it_is_asked(void **state)
{
	struct error err = { 0 };
	struct child child;

	(void)state;
	start(
	    &child, "while read line; do echo \"<$line>\"; done", USEC_PER_MIN);
	assert_int_equal(child_say(&child, SLICE_LITERAL("a\n"), &err), 0);
	assert_line(&child, "<a>");
	assert_int_equal(child_say(&child, SLICE_LITERAL("b\n"), &err), 0);
	assert_line(&child, "<b>");
	child_end(&child);
}

static void
one_that_does_not_answer_is_not_waited_for(void **state)
{
	struct error err = { 0 };
	struct child child;
	struct slice line;

	(void)state;
	start(&child, "printf begun; sleep 1000", 200 * USEC_PER_MSEC);
	assert_int_equal(child_line(&child, &line, &err), -1);
	assert_int_equal(err.code, ERROR_UNREACHABLE);
	assert_memory_equal(child.text.data, "begun", child.text.len);
	child_end(&child);
}

static void
one_that_does_not_listen_is_told_of(void **state)
{
	struct error err = { 0 };
	struct child child;
	struct slice line;

	(void)state;
	start(&child, "exec 0<&-; echo closed", USEC_PER_MIN);
	assert_line(&child, "closed");
	assert_int_equal(child_line(&child, &line, &err), 0);
	assert_int_equal(child_say(&child, SLICE_LITERAL("a\n"), &err), -1);
	assert_int_equal(err.code, ERROR_UNREACHABLE);
	child_end(&child);
}

static void
one_that_is_not_there_says_nothing(void **state)
{
	char *argv[] = { (char *)(uintptr_t) "/no/such/program", NULL };
	struct error err = { 0 };
	struct child child;
	struct slice line;

	(void)state;
	assert_int_equal(child_start(&child, argv, USEC_PER_MIN, &err), 0);
	assert_int_equal(child_line(&child, &line, &err), 0);
	child_end(&child);
}

static void
one_that_never_ends_its_line_is_cut_off(void **state)
{
	struct error err = { 0 };
	struct child child;
	struct slice line;

	(void)state;
	start(&child, "tr '\\0' x </dev/zero", USEC_PER_MIN);
	assert_int_equal(child_line(&child, &line, &err), -1);
	assert_int_equal(err.code, ERROR_TOO_LONG);
	child_end(&child);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_come_one_by_one_and_then_no_more),
		cmocka_unit_test(it_answers_what_it_is_asked),
		cmocka_unit_test(one_that_does_not_answer_is_not_waited_for),
		cmocka_unit_test(one_that_does_not_listen_is_told_of),
		cmocka_unit_test(one_that_is_not_there_says_nothing),
		cmocka_unit_test(one_that_never_ends_its_line_is_cut_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
