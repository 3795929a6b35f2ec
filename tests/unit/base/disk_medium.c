/* The disk of the tests itself: what it says may be there after a power cut. */
#include "tests/unit/disk_medium.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { TRIES = 2000 };

static struct medium_file *
make_file(struct medium *medium, const char *name)
{
	struct medium_file *file = medium_new_file(medium);

	medium_move(medium, name, (int)medium->file_count - 1);
	return file;
}

static void
write_at(struct medium_file *file, off_t at, char letter, size_t count)
{
	struct buf bytes = BUF_INIT;

	buf_add_chars(&bytes, letter, count);
	medium_change(file, false, at, bytes.data, bytes.len);
	buf_free(&bytes);
}

/* The bytes of "a" after a cut; false: it is not there. */
static bool
after_cut(const struct medium *medium, uint64_t *chance, struct buf *out)
{
	struct medium after;
	const struct medium_file *file;

	medium_cut(medium, chance, &after);
	file = medium_find(&after, "a");
	if (file != NULL)
		medium_copy_bytes(out, &file->now);
	medium_free(&after);
	return file != NULL;
}

static void
what_was_synced_is_there_and_nothing_else_without_chance(void **state)
{
	struct medium medium = { 0 };
	struct medium_file *file = make_file(&medium, "a");
	struct buf bytes = BUF_INIT;

	(void)state;
	write_at(file, 0, 'x', 100);
	medium_sync(file);
	assert_false(after_cut(&medium, NULL, &bytes)); /* nor its name */
	medium_sync_names(&medium, "torn/");
	assert_false(after_cut(&medium, NULL, &bytes));
	medium_sync_names(&medium, "");
	write_at(file, 100, 'y', 100);
	assert_true(after_cut(&medium, NULL, &bytes));
	assert_int_equal(bytes.len, 100);
	assert_null(memchr(bytes.data, 'y', bytes.len));
	medium_sync(file);
	assert_true(after_cut(&medium, NULL, &bytes));
	assert_int_equal(bytes.len, 200);
	buf_free(&bytes);
	medium_free(&medium);
}

/* Whatever chance does: the synced bytes stand, and behind them are new bytes
 * or zeros. All kinds of it come. */
static void
an_append_is_there_in_any_part(void **state)
{
	struct medium medium = { 0 };
	struct medium_file *file = make_file(&medium, "a");
	struct buf bytes = BUF_INIT;
	uint64_t chance = 1;
	unsigned none = 0, all = 0, holes = 0;

	(void)state;
	write_at(file, 0, 'x', 5000);
	medium_sync_all(&medium);
	write_at(file, 5000, 'y', 10000);
	for (int i = 0; i < TRIES; i++) {
		size_t zeros = 0;

		assert_true(after_cut(&medium, &chance, &bytes));
		assert_in_range(bytes.len, 5000, 15000);
		for (size_t k = 0; k < bytes.len; k++)
			if (k < 5000)
				assert_int_equal(bytes.data[k], 'x');
			else if (bytes.data[k] == '\0')
				zeros++;
			else
				assert_int_equal(bytes.data[k], 'y');
		none += bytes.len == 5000;
		all += bytes.len == 15000 && zeros == 0;
		holes += zeros > 0 && bytes.data[bytes.len - 1] == 'y';
	}
	assert_true(none > TRIES / 50 && all > TRIES / 50);
	assert_true(holes > TRIES / 50);
	buf_free(&bytes);
	medium_free(&medium);
}

static void
a_page_that_is_overwritten_is_old_or_new_in_each_sector(void **state)
{
	struct medium medium = { 0 };
	struct medium_file *file = make_file(&medium, "a");
	struct buf bytes = BUF_INIT;
	uint64_t chance = 1;
	unsigned mixed = 0;

	(void)state;
	write_at(file, 0, 'x', MEDIUM_PAGE);
	medium_sync_all(&medium);
	write_at(file, 0, 'y', MEDIUM_PAGE);
	for (int i = 0; i < TRIES; i++) {
		unsigned olds = 0, news = 0;

		assert_true(after_cut(&medium, &chance, &bytes));
		assert_int_equal(bytes.len, MEDIUM_PAGE);
		for (size_t k = 0; k < bytes.len; k += MEDIUM_SECTOR) {
			char letter = bytes.data[k];

			for (size_t j = 1; j < MEDIUM_SECTOR; j++)
				assert_int_equal(bytes.data[k + j], letter);
			olds += letter == 'x';
			news += letter == 'y';
		}
		assert_int_equal(olds + news, MEDIUM_PAGE / MEDIUM_SECTOR);
		mixed += olds > 0 && news > 0;
	}
	assert_true(mixed > TRIES / 50);
	buf_free(&bytes);
	medium_free(&medium);
}

/* Programs see it, the disk never gets it; what is written again is. */
static void
what_a_failed_sync_drops_no_later_one_writes(void **state)
{
	struct medium medium = { 0 };
	struct medium_file *file = make_file(&medium, "a");
	struct buf bytes = BUF_INIT;

	(void)state;
	write_at(file, 0, 'x', 3 * MEDIUM_PAGE);
	medium_sync_all(&medium);
	write_at(file, 0, 'y', 2 * MEDIUM_PAGE);
	medium_drop(file, NULL);
	assert_int_equal(file->now.data[0], 'y');
	write_at(file, MEDIUM_PAGE, 'y', 1);
	medium_sync(file);
	assert_true(after_cut(&medium, NULL, &bytes));
	assert_int_equal(bytes.len, 3 * MEDIUM_PAGE);
	assert_int_equal(bytes.data[0], 'x');
	assert_int_equal(bytes.data[MEDIUM_PAGE], 'y');
	assert_int_equal(bytes.data[2 * MEDIUM_PAGE - 1], 'y');
	assert_int_equal(bytes.data[2 * MEDIUM_PAGE], 'x');
	buf_free(&bytes);
	medium_free(&medium);
}

/* It was made, removed and made again: old and new do not both stand, and the
 * new one is not there without the removal of the old. */
static void
names_change_in_their_own_order(void **state)
{
	struct medium medium = { 0 };
	struct medium_file *file = make_file(&medium, "a");
	struct buf bytes = BUF_INIT;
	uint64_t chance = 1;
	unsigned old = 0, none = 0, latest = 0;

	(void)state;
	write_at(file, 0, 'x', 10);
	medium_sync_all(&medium);
	medium_move(&medium, "a", MEDIUM_NO_FILE);
	file = make_file(&medium, "a");
	write_at(file, 0, 'y', 10);
	medium_sync(file);
	for (int i = 0; i < TRIES; i++) {
		if (!after_cut(&medium, &chance, &bytes))
			none++;
		else if (bytes.data[0] == 'x')
			old++;
		else
			latest++;
	}
	assert_true(old > TRIES / 10 && none > TRIES / 10);
	assert_true(latest > TRIES / 10);
	buf_free(&bytes);
	medium_free(&medium);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    what_was_synced_is_there_and_nothing_else_without_chance),
		cmocka_unit_test(an_append_is_there_in_any_part),
		cmocka_unit_test(
		    a_page_that_is_overwritten_is_old_or_new_in_each_sector),
		cmocka_unit_test(what_a_failed_sync_drops_no_later_one_writes),
		cmocka_unit_test(names_change_in_their_own_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
