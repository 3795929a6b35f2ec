#include "lib/log/cursor.c"

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
	};

	return cmocka_run_group_tests_name("log/cursor", tests, NULL, NULL);
}
