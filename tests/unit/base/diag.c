#include "lib/base/diag.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>

static int stderr_before;
static int pipe_end;

static int
read_stderr_through_a_pipe(void **state)
{
	int ends[2];

	(void)state;
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) == -1)
		return -1;
	stderr_before = dup(STDERR_FILENO);
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
	pipe_end = ends[0];
	return 0;
}

static int
put_stderr_back(void **state)
{
	(void)state;
	dup2(stderr_before, STDERR_FILENO);
	close(stderr_before);
	close(pipe_end);
	return 0;
}

static void
assert_said(const char *line)
{
	char said[2 * PIPE_BUF];
	ssize_t len = read(pipe_end, said, sizeof(said) - 1);

	said[len > 0 ? len : 0] = '\0';
	assert_string_equal(said, line);
}

static void
a_line_has_level_and_program(void **state)
{
	(void)state;
	diag_init("kruxosd", DIAG_INFO);
	diag(DIAG_WARNING, "%s: %d bytes", "torn", 5);
	assert_said("<4>kruxosd: torn: 5 bytes\n");
}

static void
what_is_above_the_level_is_not_said(void **state)
{
	(void)state;
	diag_init("kruxosd", DIAG_NOTICE);
	diag(DIAG_INFO, "quiet");
	diag(DIAG_NOTICE, "loud");
	assert_said("<5>kruxosd: loud\n");
}

static void
text_of_outsiders_stays_on_one_line(void **state)
{
	(void)state;
	diag_init("kruxosd", DIAG_INFO);
	diag(DIAG_INFO, "%s", "a\n<0>kernel: panic\x1b[2J");
	assert_said("<6>kruxosd: a\\n<0>kernel: panic\\e[2J\n");
}

static void
a_long_line_is_cut_so_that_a_pipe_takes_it_whole(void **state)
{
	char text[3 * PIPE_BUF], expected[PIPE_BUF + 1];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	memset(expected, 'x', sizeof(expected));
	memcpy(expected, "<6>kruxosd: ", strlen("<6>kruxosd: "));
	memcpy(expected + PIPE_BUF - 4, "…\n", sizeof("…\n"));
	diag_init("kruxosd", DIAG_INFO);
	diag(DIAG_INFO, "%s", text);
	assert_said(expected);
}

static void
errno_is_left_alone(void **state)
{
	(void)state;
	diag_init("kruxosd", DIAG_INFO);
	errno = ENOSPC;
	diag(DIAG_INFO, "%m");
	assert_int_equal(errno, ENOSPC);
	assert_said("<6>kruxosd: No space left on device\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_has_level_and_program),
		cmocka_unit_test(what_is_above_the_level_is_not_said),
		cmocka_unit_test(text_of_outsiders_stays_on_one_line),
		cmocka_unit_test(
		    a_long_line_is_cut_so_that_a_pipe_takes_it_whole),
		cmocka_unit_test(errno_is_left_alone),
	};

	return cmocka_run_group_tests(
	    tests, read_stderr_through_a_pipe, put_stderr_back);
}
