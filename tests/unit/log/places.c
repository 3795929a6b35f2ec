#include "lib/log/places.c"

#include "tests/unit/maker.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void
a_line_is_read_at_its_place_only(void **state)
{
	struct maker maker;
	uint64_t offset;
	cleanup(buf_free) struct buf line = BUF_INIT;

	(void)state;
	maker_init(&maker);
	maker_open(&maker, MAKER_DAY, 1);
	offset = maker.bytes;
	maker_fill(&maker, 1);
	{
		struct error err = { 0 };
		cleanup(places_freep) struct places *places =
		    places_open(maker.dir, &err);
		size_t length = maker.line.len - 1;
		struct slice file = slice_of(maker.file);

		assert_non_null(places);
		assert_int_equal(
		    places_read_line(places, file, offset, &line, &err), 0);
		assert_int_equal(line.len, length);
		assert_memory_equal(line.data, maker.line.data, length);
		assert_int_equal(
		    places_read_line(places, file, UINT64_MAX, &line, &err),
		    -1);
		assert_int_equal(err.code, ERROR_CORRUPT);
		assert_int_equal(places_read_line(places, file,
				     offset + length + 1, &line, &err),
		    -1);
		assert_int_equal(err.code, ERROR_CORRUPT);
		assert_int_equal(
		    places_read_line(places, SLICE_LITERAL("../../etc/passwd"),
			0, &line, &err),
		    -1);
		assert_int_equal(err.code, ERROR_CORRUPT);
		assert_int_equal(
		    places_read_line(places, SLICE_LITERAL("2020-01-01.jsonl"),
			0, &line, &err),
		    -1);
		assert_int_equal(err.code, ERROR_NOT_FOUND);
		assert_int_equal(line.len, length);
	}
	maker_free(&maker);
}

/* Day after day, more files than are kept open. */
static void
any_number_of_files_is_read(void **state)
{
	enum { DAYS = 2 * OPEN_FILES };
	struct maker maker;
	struct error err = { 0 };
	struct places *places;
	char names[DAYS][LOGFILE_NAME_SIZE];

	(void)state;
	maker_init(&maker);
	for (usec_t day = 0; day < DAYS; day++) {
		maker_open(&maker, MAKER_DAY + day * USEC_PER_DAY, 1);
		memcpy(names[day], maker.file, LOGFILE_NAME_SIZE);
	}
	places = places_open(maker.dir, &err);
	assert_non_null(places);
	for (unsigned round = 0; round < 3; round++)
		for (unsigned day = 0; day < DAYS; day++) {
			cleanup(buf_free) struct buf line = BUF_INIT;
			uint64_t seq;
			usec_t recorded_at;

			assert_int_equal(
			    places_read_line(
				places, slice_of(names[day]), 0, &line, &err),
			    0);
			assert_int_equal(entry_parse_front(buf_slice(&line),
					     &seq, &recorded_at, &err),
			    0);
			assert_int_equal(seq, day + 1);
		}
	places_free(places);
	maker_free(&maker);
}

static void
a_stretch_ends_with_the_file(void **state)
{
	struct maker maker;
	struct error err = { 0 };
	struct places *places;
	cleanup(buf_free) struct buf bytes = BUF_INIT;

	(void)state;
	maker_init(&maker);
	maker_open(&maker, MAKER_DAY, 1);
	maker_fill(&maker, 2);
	places = places_open(maker.dir, &err);
	assert_non_null(places);
	assert_int_equal(
	    places_read(places, slice_of(maker.file), 10, 20, &bytes, &err), 0);
	assert_int_equal(bytes.len, 20);
	assert_int_equal(places_read(places, slice_of(maker.file), 10, 1 << 20,
			     &bytes, &err),
	    0);
	assert_int_equal(bytes.len, 20 + maker.bytes - 10);
	assert_int_equal(places_read(places, slice_of(maker.file), UINT64_MAX,
			     20, &bytes, &err),
	    0);
	assert_int_equal(bytes.len, 20 + maker.bytes - 10);
	places_free(places);
	maker_free(&maker);
}

static void
what_cannot_be_opened_or_read_is_said(void **state)
{
	struct maker maker;
	struct error err = { 0 };
	struct places *places;
	cleanup(buf_free) struct buf path = BUF_INIT;
	cleanup(buf_free) struct buf line = BUF_INIT;

	(void)state;
	assert_null(places_open("/nonexistent/audit", &err));
	assert_int_equal(err.errnum, ENOENT);
	places_free(NULL);
	maker_init(&maker);
	buf_addf(&path, "%s/2026-11-23.jsonl", maker.dir);
	places = places_open(maker.dir, &err);
	assert_non_null(places);
	assert_int_equal(symlink("/dev/zero", path.data), 0);
	assert_int_equal(places_read(places, SLICE_LITERAL("2026-11-23.jsonl"),
			     0, 1, &line, &err),
	    -1);
	assert_int_equal(err.errnum, ELOOP);
	assert_int_equal(unlink(path.data), 0);
	assert_int_equal(mkdir(path.data, 0700), 0);
	assert_int_equal(places_read(places, SLICE_LITERAL("2026-11-23.jsonl"),
			     0, 1, &line, &err),
	    -1);
	assert_int_equal(err.errnum, EISDIR);
	assert_int_equal(rmdir(path.data), 0);
	places_free(places);
	maker_free(&maker);
}

/* The longest line there can be, and one byte more, which is none. */
static void
a_line_has_a_longest_length(void **state)
{
	struct maker maker;
	struct error err = { 0 };
	struct places *places;
	cleanup(buf_free) struct buf bytes = BUF_INIT;
	cleanup(buf_free) struct buf line = BUF_INIT;

	(void)state;
	maker_init(&maker);
	maker_begin(&maker, MAKER_DAY, 1);
	places = places_open(maker.dir, &err);
	assert_non_null(places);
	buf_add_chars(&bytes, 'x', ENTRY_LINE_BYTES);
	buf_add_str(&bytes, "\n\n");
	maker_patch(&maker, maker.file, 0, bytes.data, bytes.len);
	assert_int_equal(
	    places_read_line(places, slice_of(maker.file), 0, &line, &err), 0);
	assert_int_equal(line.len, ENTRY_LINE_BYTES);
	buf_reset(&line);
	maker_patch(&maker, maker.file, ENTRY_LINE_BYTES, "x", 1);
	assert_int_equal(
	    places_read_line(places, slice_of(maker.file), 0, &line, &err), -1);
	assert_int_equal(err.code, ERROR_CORRUPT);
	assert_int_equal(line.len, 0);
	places_free(places);
	maker_free(&maker);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_read_at_its_place_only),
		cmocka_unit_test(any_number_of_files_is_read),
		cmocka_unit_test(a_stretch_ends_with_the_file),
		cmocka_unit_test(what_cannot_be_opened_or_read_is_said),
		cmocka_unit_test(a_line_has_a_longest_length),
	};

	return cmocka_run_group_tests_name("log/places", tests, NULL, NULL);
}
