#include "cli/lines.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A file that holds `text`, open as `lines`. */
static void
open_text(struct lines *lines, struct slice text)
{
	char path[] = "/tmp/kruxos-lines-XXXXXX";
	int fd = mkstemp(path);
	struct error err = { 0 };

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text.data, text.len), (ssize_t)text.len);
	close(fd);
	assert_int_equal(lines_open(lines, path, &err), 0);
	unlink(path);
}

static void
lines_come_one_after_another(void **state)
{
	static const char *const wanted[] = { "one", "", "three", "last" };
	struct lines lines;
	struct slice line;
	struct error err = { 0 };

	(void)state;
	open_text(&lines, SLICE_LITERAL("one\n\nthree\nlast"));
	assert_int_equal(lines.total_bytes, 15);
	for (size_t i = 0; i < COUNT(wanted); i++) {
		assert_int_equal(lines_next(&lines, &line, &err), 1);
		assert_true(slice_is(line, wanted[i]));
		assert_int_equal(lines.number, i + 1);
	}
	assert_int_equal(lines_next(&lines, &line, &err), 0);
	assert_int_equal(lines.bytes, 15);
	lines_close(&lines);
}

static void
a_newline_at_the_end_begins_no_line(void **state)
{
	struct lines lines;
	struct slice line;
	struct error err = { 0 };

	(void)state;
	open_text(&lines, SLICE_LITERAL("one\n"));
	assert_int_equal(lines_next(&lines, &line, &err), 1);
	assert_int_equal(lines_next(&lines, &line, &err), 0);
	lines_close(&lines);

	open_text(&lines, SLICE_LITERAL(""));
	assert_int_equal(lines_next(&lines, &line, &err), 0);
	lines_close(&lines);
}

static void
a_line_too_long_is_passed_over_and_counted(void **state)
{
	static const size_t lengths[] = { LINES_BYTES + 1, 3 * LINES_BYTES };

	(void)state;
	for (size_t i = 0; i < COUNT(lengths); i++) {
		struct buf text = BUF_INIT;
		struct lines lines;
		struct slice line;
		struct error err = { 0 };

		buf_add_chars(&text, 'x', lengths[i]);
		buf_add_str(&text, "\nnext\n");
		buf_add_chars(&text, 'y', lengths[i]);
		open_text(&lines, buf_slice(&text));
		assert_int_equal(lines_next(&lines, &line, &err), 1);
		assert_null(line.data);
		assert_int_equal(lines_next(&lines, &line, &err), 1);
		assert_true(slice_is(line, "next"));
		assert_int_equal(lines.number, 2);
		assert_int_equal(lines_next(&lines, &line, &err), 1);
		assert_null(line.data);
		assert_int_equal(lines_next(&lines, &line, &err), 0);
		assert_int_equal(lines.bytes, text.len);
		assert_true(lines.buf.capacity < 4 * LINES_BYTES);
		lines_close(&lines);
		buf_free(&text);
	}
}

static void
the_longest_line_is_given(void **state)
{
	struct buf text = BUF_INIT;
	struct lines lines;
	struct slice line;
	struct error err = { 0 };

	(void)state;
	buf_add_chars(&text, 'x', LINES_BYTES);
	buf_add_char(&text, '\n');
	open_text(&lines, buf_slice(&text));
	assert_int_equal(lines_next(&lines, &line, &err), 1);
	assert_int_equal(line.len, LINES_BYTES);
	lines_close(&lines);
	buf_free(&text);
}

static void
a_file_is_read_again_and_a_pipe_is_not(void **state)
{
	struct lines lines;
	struct slice line;
	struct error err = { 0 };
	int ends[2];

	(void)state;
	open_text(&lines, SLICE_LITERAL("one\ntwo\n"));
	assert_int_equal(lines_next(&lines, &line, &err), 1);
	assert_int_equal(lines_rewind(&lines, &err), 0);
	assert_int_equal(lines_next(&lines, &line, &err), 1);
	assert_true(slice_is(line, "one"));
	assert_int_equal(lines.number, 1);
	lines_close(&lines);

	assert_int_equal(pipe(ends), 0);
	lines =
	    (struct lines){ .fd = ends[0], .name = "a pipe", .buf = BUF_INIT };
	assert_int_equal(lines_rewind(&lines, &err), -1);
	assert_false(lines_are_ready(&lines));
	assert_int_equal(write(ends[1], "x\n", 2), 2);
	assert_true(lines_are_ready(&lines));
	lines_close(&lines);
	close(ends[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_come_one_after_another),
		cmocka_unit_test(a_newline_at_the_end_begins_no_line),
		cmocka_unit_test(a_line_too_long_is_passed_over_and_counted),
		cmocka_unit_test(the_longest_line_is_given),
		cmocka_unit_test(a_file_is_read_again_and_a_pipe_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
