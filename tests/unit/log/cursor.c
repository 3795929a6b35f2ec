#include "lib/log/cursor.c"

#include "tests/unit/failing_read.h"
#include "tests/unit/maker.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct cursor *
cursor_of(struct maker *maker)
{
	struct error err = { 0 };
	struct cursor *cursor = cursor_open(maker->dir, &err);

	if (cursor == NULL)
		fail_msg("%s", err.sentence);
	return cursor;
}

static uint64_t
next_seq(struct cursor *cursor, uint64_t limit)
{
	struct cursor_line line;
	struct error err = { 0 };
	int result = cursor_next(cursor, limit, &line, &err);

	if (result == -1)
		fail_msg("%s", err.sentence);
	return result == 0 ? 0 : line.seq;
}

static uint64_t
previous_seq(struct cursor *cursor)
{
	struct cursor_line line;
	struct error err = { 0 };
	int result = cursor_previous(cursor, &line, &err);

	if (result == -1)
		fail_msg("%s", err.sentence);
	return result == 0 ? 0 : line.seq;
}

/* Three files of 5; a file of 2,000 entries, larger than a window. */
static void
make_files(struct maker *maker)
{
	maker_init(maker);
	for (unsigned part = 1; part <= 3; part++) {
		maker_open(maker, MAKER_DAY, part);
		maker_fill(maker, 4);
	}
	maker_open(maker, MAKER_DAY + USEC_PER_DAY, 1);
	maker_fill(maker, 1999);
}

static void
every_entry_comes_once_in_either_direction(void **state)
{
	struct maker maker;
	struct error err = { 0 };

	(void)state;
	make_files(&maker);
	{
		cleanup(cursor_freep) struct cursor *cursor = cursor_of(&maker);

		for (uint64_t seq = 1; seq <= 2015; seq++)
			assert_int_equal(next_seq(cursor, UINT64_MAX), seq);
		assert_int_equal(next_seq(cursor, UINT64_MAX), 0);
		for (uint64_t seq = 2015; seq >= 1; seq--)
			assert_int_equal(previous_seq(cursor), seq);
		assert_int_equal(previous_seq(cursor), 0);
		assert_int_equal(cursor_seek(cursor, 1, &err), 0);
		assert_int_equal(next_seq(cursor, UINT64_MAX), 1);
	}
	maker_free(&maker);
}

static void
seek_stands_before_any_seq(void **state)
{
	static const uint64_t seqs[] = { 1, 2, 5, 6, 10, 11, 15, 16, 17, 500,
		1000, 1999, 2014, 2015 };
	struct maker maker;
	struct error err = { 0 };

	(void)state;
	make_files(&maker);
	{
		cleanup(cursor_freep) struct cursor *cursor = cursor_of(&maker);

		for (size_t i = 0; i < sizeof(seqs) / sizeof(*seqs); i++) {
			assert_int_equal(cursor_seek(cursor, seqs[i], &err), 0);
			assert_int_equal(next_seq(cursor, UINT64_MAX), seqs[i]);
			assert_int_equal(cursor_seek(cursor, seqs[i], &err), 0);
			assert_int_equal(previous_seq(cursor), seqs[i] - 1);
		}
		assert_int_equal(cursor_seek(cursor, 9999, &err), 0);
		assert_int_equal(next_seq(cursor, UINT64_MAX), 0);
		assert_int_equal(previous_seq(cursor), 2015);
	}
	maker_free(&maker);
}

static void
what_is_appended_later_comes_too(void **state)
{
	struct maker maker;

	(void)state;
	maker_init(&maker);
	{
		cleanup(cursor_freep) struct cursor *cursor = cursor_of(&maker);

		assert_int_equal(next_seq(cursor, UINT64_MAX), 0);
		maker_open(&maker, MAKER_DAY, 1);
		assert_int_equal(next_seq(cursor, UINT64_MAX), 1);
		assert_int_equal(next_seq(cursor, UINT64_MAX), 0);
		maker_fill(&maker, 1);
		assert_int_equal(next_seq(cursor, UINT64_MAX), 2);
		for (unsigned part = 2; part < 40; part++) {
			maker_open(&maker, MAKER_DAY, part);
			assert_int_equal(
			    next_seq(cursor, UINT64_MAX), part + 1);
			assert_int_equal(next_seq(cursor, UINT64_MAX), 0);
		}
	}
	maker_free(&maker);
}

static void
nothing_beyond_the_limit_is_given_and_it_is_read_anew(void **state)
{
	struct maker maker;
	uint64_t offset;

	(void)state;
	maker_init(&maker);
	maker_open(&maker, MAKER_DAY, 1);
	maker_fill(&maker, 1);
	offset = maker.bytes;
	maker_fill(&maker, 2);
	{
		cleanup(cursor_freep) struct cursor *cursor = cursor_of(&maker);
		struct cursor_line line;
		struct error err = { 0 };

		assert_int_equal(next_seq(cursor, 2), 1);
		assert_int_equal(next_seq(cursor, 2), 2);
		/* The daemon writes the third again, otherwise. */
		maker_patch(&maker, maker.file, offset + 42, "9", 1);
		assert_int_equal(cursor_next(cursor, 3, &line, &err), 1);
		assert_int_equal(line.seq, 3);
		assert_int_equal(line.line.data[42], '9');
		assert_int_equal(next_seq(cursor, 3), 0);
		assert_int_equal(next_seq(cursor, 4), 4);
	}
	maker_free(&maker);
}

static void
a_line_that_is_not_whole_is_the_end(void **state)
{
	struct maker maker;
	cleanup(buf_free) struct buf path = BUF_INIT;

	(void)state;
	maker_init(&maker);
	maker_open(&maker, MAKER_DAY, 1);
	maker_fill(&maker, 2);
	buf_addf(&path, "%s/%s", maker.dir, maker.file);
	assert_int_equal(truncate(path.data, (off_t)maker.bytes - 1), 0);
	{
		cleanup(cursor_freep) struct cursor *cursor = cursor_of(&maker);

		assert_int_equal(next_seq(cursor, UINT64_MAX), 1);
		assert_int_equal(next_seq(cursor, UINT64_MAX), 2);
		assert_int_equal(next_seq(cursor, UINT64_MAX), 0);
		assert_int_equal(previous_seq(cursor), 2);
		assert_int_equal(next_seq(cursor, UINT64_MAX), 2);
		maker_patch(&maker, maker.file, maker.bytes - 1, "\n", 1);
		assert_int_equal(next_seq(cursor, UINT64_MAX), 3);
	}
	maker_free(&maker);
}

static void
a_damaged_line_is_an_error_and_the_next_call_goes_on(void **state)
{
	struct maker maker;
	struct cursor_line line;
	struct error err = { 0 };
	uint64_t offset;

	(void)state;
	maker_init(&maker);
	maker_open(&maker, MAKER_DAY, 1);
	offset = maker.bytes;
	maker_fill(&maker, 2);
	maker_patch(&maker, maker.file, offset, "[", 1);
	{
		cleanup(cursor_freep) struct cursor *cursor = cursor_of(&maker);

		assert_int_equal(next_seq(cursor, UINT64_MAX), 1);
		assert_int_equal(
		    cursor_next(cursor, UINT64_MAX, &line, &err), -1);
		assert_int_equal(err.code, ERROR_CORRUPT);
		assert_int_equal(next_seq(cursor, UINT64_MAX), 3);
	}
	maker_free(&maker);
}

static void
a_folder_that_is_none_has_no_cursor(void **state)
{
	struct maker maker;
	struct error err = { 0 };
	cleanup(buf_free) struct buf path = BUF_INIT;

	(void)state;
	assert_null(cursor_open("/nonexistent/audit", &err));
	assert_int_equal(err.errnum, ENOENT);
	maker_init(&maker);
	buf_addf(&path, "%s/2026-11-23.jsonl", maker.dir);
	assert_int_equal(symlink("/dev/zero", path.data), 0);
	assert_null(cursor_open(maker.dir, &err));
	assert_int_equal(err.errnum, ELOOP);
	cursor_free(NULL);
	maker_free(&maker);
}

static void
a_folder_without_files_has_no_entries_until_there_are_some(void **state)
{
	struct maker maker;

	(void)state;
	maker_init(&maker);
	{
		cleanup(cursor_freep) struct cursor *cursor = cursor_of(&maker);
		struct error err = { 0 };

		assert_int_equal(cursor_seek(cursor, 7, &err), 0);
		assert_int_equal(next_seq(cursor, UINT64_MAX), 0);
		assert_int_equal(previous_seq(cursor), 0);
		maker_open(&maker, MAKER_DAY, 1);
		assert_int_equal(next_seq(cursor, UINT64_MAX), 1);
	}
	maker_free(&maker);
}

/* Retention takes the oldest away; who stands in it goes on with what is there.
 */
static void
who_stands_in_a_file_that_goes_goes_on_with_the_oldest(void **state)
{
	struct maker maker;
	cleanup(buf_free) struct buf path = BUF_INIT;

	(void)state;
	maker_init(&maker);
	maker_open(&maker, MAKER_DAY, 1);
	maker_fill(&maker, 2);
	buf_addf(&path, "%s/%s", maker.dir, maker.file);
	{
		cleanup(cursor_freep) struct cursor *cursor = cursor_of(&maker);
		struct cursor_line line;
		struct error err = { 0 };

		for (uint64_t seq = 1; seq <= 3; seq++)
			assert_int_equal(next_seq(cursor, UINT64_MAX), seq);
		maker_open(&maker, MAKER_DAY, 2);
		assert_int_equal(unlink(path.data), 0);
		assert_int_equal(next_seq(cursor, UINT64_MAX), 4);
		assert_int_equal(previous_seq(cursor), 4);
		assert_int_equal(previous_seq(cursor), 0);

		/* A list that is older than the folder. */
		buf_reset(&path);
		buf_addf(&path, "%s/%s", maker.dir, maker.file);
		maker_open(&maker, MAKER_DAY, 3);
		assert_int_equal(cursor_seek(cursor, 5, &err), 0);
		assert_int_equal(unlink(path.data), 0);
		assert_int_equal(cursor_previous(cursor, &line, &err), -1);
		assert_int_equal(err.errnum, ENOENT);
	}
	maker_free(&maker);
}

static void
a_limit_holds_before_the_end_of_a_file_and_at_it(void **state)
{
	struct maker maker;

	(void)state;
	maker_init(&maker);
	maker_open(&maker, MAKER_DAY, 1);
	maker_fill(&maker, 2);
	maker_open(&maker, MAKER_DAY, 2);
	{
		cleanup(cursor_freep) struct cursor *cursor = cursor_of(&maker);

		assert_int_equal(next_seq(cursor, 2), 1);
		assert_int_equal(next_seq(cursor, 2), 2);
		assert_int_equal(next_seq(cursor, 2), 0);
		assert_int_equal(next_seq(cursor, 3), 3);
		assert_int_equal(next_seq(cursor, 3), 0);
		assert_int_equal(next_seq(cursor, 4), 4);
	}
	maker_free(&maker);
}

/* Go on until an entry comes; how often was there no line of the log? */
static uint64_t
seq_behind_rubbish(struct cursor *cursor,
    int (*step)(struct cursor *, struct cursor_line *, struct error *))
{
	for (int tries = 0; tries < 8; tries++) {
		struct cursor_line line;
		struct error err = { 0 };
		int result = step(cursor, &line, &err);

		if (result == 1)
			return line.seq;
		assert_int_equal(result, -1);
		assert_int_equal(err.code, ERROR_CORRUPT);
	}
	fail_msg("the rubbish has no end");
	return 0;
}

static int
step_on(struct cursor *cursor, struct cursor_line *ret_line, struct error *err)
{
	return cursor_next(cursor, UINT64_MAX, ret_line, err);
}

/* Rubbish that is longer than what is read at a time, at the head of a file and
 * in its middle, is passed over in either direction. */
static void
what_is_no_line_is_passed_over_however_long_it_is(void **state)
{
	cleanup(buf_free) struct buf rubbish = BUF_INIT;
	struct maker maker;

	(void)state;
	buf_add_chars(&rubbish, 'x', 3 * WINDOW_BYTES);
	buf_add_char(&rubbish, '\n');
	maker_init(&maker);
	maker_open(&maker, MAKER_DAY, 1);
	maker_fill(&maker, 2);
	maker_patch(&maker, maker.file, maker.bytes, rubbish.data, rubbish.len);
	maker.bytes += rubbish.len;
	maker_fill(&maker, 2);
	maker_begin(&maker, MAKER_DAY, 2);
	maker_patch(&maker, maker.file, 0, rubbish.data, rubbish.len);
	maker.bytes = rubbish.len;
	maker_fill(&maker, 2);
	{
		cleanup(cursor_freep) struct cursor *cursor = cursor_of(&maker);
		struct error err = { 0 };

		for (uint64_t seq = 1; seq <= 7; seq++)
			assert_int_equal(
			    seq_behind_rubbish(cursor, step_on), seq);
		for (uint64_t seq = 7; seq >= 1; seq--)
			assert_int_equal(
			    seq_behind_rubbish(cursor, cursor_previous), seq);
		for (uint64_t seq = 1; seq <= 7; seq++) {
			assert_int_equal(cursor_seek(cursor, seq, &err), 0);
			assert_int_equal(
			    seq_behind_rubbish(cursor, step_on), seq);
		}
	}
	maker_free(&maker);
}

/* The rest of a write that no later file knows of. */
static void
a_torn_tail_is_no_line_backwards_either(void **state)
{
	struct maker maker;

	(void)state;
	maker_init(&maker);
	maker_open(&maker, MAKER_DAY, 1);
	maker_fill(&maker, 1);
	maker_patch(&maker, maker.file, maker.bytes, "{\"seq\":3", 8);
	maker_begin(&maker, MAKER_DAY, 2);
	maker_fill(&maker, 1);
	{
		cleanup(cursor_freep) struct cursor *cursor = cursor_of(&maker);
		struct error err = { 0 };

		assert_int_equal(cursor_seek(cursor, UINT64_MAX, &err), 0);
		assert_int_equal(previous_seq(cursor), 3);
		assert_int_equal(previous_seq(cursor), 2);
		assert_int_equal(previous_seq(cursor), 1);
		assert_int_equal(previous_seq(cursor), 0);
	}
	maker_free(&maker);
}

static void
what_is_not_as_it_was_listed_is_said(void **state)
{
	struct maker maker;
	struct cursor_line line;
	struct error err = { 0 };
	cleanup(buf_free) struct buf path = BUF_INIT;

	(void)state;
	maker_init(&maker);
	maker_open(&maker, MAKER_DAY, 1);
	maker_open(&maker, MAKER_DAY, 2);
	buf_addf(&path, "%s/%s", maker.dir, maker.file);
	{
		cleanup(cursor_freep) struct cursor *cursor = cursor_of(&maker);

		assert_int_equal(next_seq(cursor, UINT64_MAX), 1);
		assert_int_equal(unlink(path.data), 0);
		assert_int_equal(
		    cursor_next(cursor, UINT64_MAX, &line, &err), -1);
		assert_int_equal(err.errnum, ENOENT);
		assert_int_equal(symlink("/dev/zero", path.data), 0);
		assert_int_equal(cursor_seek(cursor, 1, &err), -1);
		assert_int_equal(err.errnum, ELOOP);
	}
	maker_free(&maker);
}

static void
a_seek_into_a_gap_stands_behind_it(void **state)
{
	struct maker maker;
	struct error err = { 0 };

	(void)state;
	maker_init(&maker);
	maker_open(&maker, MAKER_DAY, 1);
	maker_fill(&maker, 4);
	maker.seq += 2;
	maker_open(&maker, MAKER_DAY, 2);
	maker_fill(&maker, 1);
	{
		cleanup(cursor_freep) struct cursor *cursor = cursor_of(&maker);

		for (uint64_t seq = 6; seq <= 8; seq++) {
			assert_int_equal(cursor_seek(cursor, seq, &err), 0);
			assert_int_equal(next_seq(cursor, UINT64_MAX), 8);
			assert_int_equal(previous_seq(cursor), 8);
			assert_int_equal(previous_seq(cursor), 5);
		}
	}
	maker_free(&maker);
}

/* A stretch of lines that cannot be read, in the middle and at the end, of a
 * file that is large enough for a seek to jump into it. */
static void
a_seek_finds_its_way_around_damaged_lines(void **state)
{
	enum { FIRST = 900, LAST = 1100, COUNT = 2000, TAIL = 1950 };
	struct maker maker;

	(void)state;
	maker_init(&maker);
	maker_open(&maker, MAKER_DAY, 1);
	while (maker.seq < COUNT) {
		uint64_t offset = maker.bytes;

		maker_fill(&maker, 1);
		if ((maker.seq >= FIRST && maker.seq < LAST) ||
		    maker.seq >= TAIL)
			maker_patch(&maker, maker.file, offset, "[", 1);
	}
	{
		cleanup(cursor_freep) struct cursor *cursor = cursor_of(&maker);
		struct cursor_line line;
		struct error err = { 0 };

		for (uint64_t seq = 1; seq < TAIL; seq += 37) {
			if (seq >= FIRST && seq < LAST)
				continue;
			assert_int_equal(cursor_seek(cursor, seq, &err), 0);
			assert_int_equal(next_seq(cursor, UINT64_MAX), seq);
		}
		assert_int_equal(cursor_seek(cursor, FIRST, &err), 0);
		assert_int_equal(next_seq(cursor, UINT64_MAX), LAST);
		assert_int_equal(cursor_seek(cursor, TAIL, &err), 0);
		assert_int_equal(next_seq(cursor, UINT64_MAX), 0);
		assert_int_equal(cursor_previous(cursor, &line, &err), -1);
		assert_int_equal(err.code, ERROR_CORRUPT);
	}
	maker_free(&maker);
}

/* Every entry in both directions, with one read that fails: it is said, or it
 * was one of a first line, and the file is read again. */
static int
read_all(struct maker *maker, struct error *err)
{
	cleanup(cursor_freep) struct cursor *cursor =
	    cursor_open(maker->dir, err);
	struct cursor_line line;
	int more;

	if (cursor == NULL || cursor_seek(cursor, maker->seq / 2, err) == -1)
		return -1;
	while ((more = cursor_next(cursor, UINT64_MAX, &line, err)) == 1)
		;
	while (more != -1 && (more = cursor_previous(cursor, &line, err)) == 1)
		;
	if (more == 0)
		assert_int_equal(line.seq, 1);
	return more;
}

static void
a_read_that_fails_is_said_whichever_it_is(void **state)
{
	struct maker maker;
	unsigned failures = 0;
	bool has_failed = true;

	(void)state;
	make_files(&maker);
	failing_read_begin();
	for (unsigned count = 0; has_failed; count++) {
		struct error err = { 0 };

		failing_read_after = count;
		if (read_all(&maker, &err) == -1) {
			assert_int_equal(err.errnum, EIO);
			failures++;
		}
		has_failed = failing_read_has_failed();
	}
	failing_read_end();
	assert_in_range(failures, 10, 100);
	maker_free(&maker);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_entry_comes_once_in_either_direction),
		cmocka_unit_test(seek_stands_before_any_seq),
		cmocka_unit_test(what_is_appended_later_comes_too),
		cmocka_unit_test(
		    nothing_beyond_the_limit_is_given_and_it_is_read_anew),
		cmocka_unit_test(a_line_that_is_not_whole_is_the_end),
		cmocka_unit_test(
		    a_damaged_line_is_an_error_and_the_next_call_goes_on),
		cmocka_unit_test(a_folder_that_is_none_has_no_cursor),
		cmocka_unit_test(
		    a_folder_without_files_has_no_entries_until_there_are_some),
		cmocka_unit_test(
		    who_stands_in_a_file_that_goes_goes_on_with_the_oldest),
		cmocka_unit_test(
		    a_limit_holds_before_the_end_of_a_file_and_at_it),
		cmocka_unit_test(
		    what_is_no_line_is_passed_over_however_long_it_is),
		cmocka_unit_test(a_torn_tail_is_no_line_backwards_either),
		cmocka_unit_test(a_read_that_fails_is_said_whichever_it_is),
		cmocka_unit_test(what_is_not_as_it_was_listed_is_said),
		cmocka_unit_test(a_seek_into_a_gap_stands_behind_it),
		cmocka_unit_test(a_seek_finds_its_way_around_damaged_lines),
	};

	return cmocka_run_group_tests_name("log/cursor", tests, NULL, NULL);
}
