#include "collectors/kruxosd/log_writer.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/disk_model.h"
#include "tests/unit/maker.h"

#include <limits.h>

struct rig {
	struct model model;
	struct log_writer *writer;
	struct error err;
};

static int
setup(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));

	model_init(&rig->model);
	rig->writer = log_writer_new(&rig->model.disk, rig->model.dir, "audit");
	*state = rig;
	return 0;
}

static int
teardown(void **state)
{
	struct rig *rig = *state;

	log_writer_free(rig->writer);
	model_free(&rig->model);
	free(rig);
	return 0;
}

static int
append(struct rig *rig, const char *text)
{
	buf_reset(&rig->model.trace);
	return log_writer_append(rig->writer, slice_of(text), &rig->err);
}

static int
create(struct rig *rig, usec_t at)
{
	buf_reset(&rig->model.trace);
	return log_writer_create(rig->writer, at, &rig->err);
}

static off_t
size_of(struct rig *rig, const char *name)
{
	struct stat st;

	return fstatat(rig->model.dir, name, &st, 0) == 0 ? st.st_size : -1;
}

#define FIRST "2026-11-23.jsonl"

/* How it looks whether all is as it was left: the folder, then the file. */
#define LOOK "fstat fstatat fstatat"

static void
the_first_append_syncs_the_folder_too(void **state)
{
	struct rig *rig = *state;

	assert_true(log_writer_needs_file(rig->writer, MAKER_DAY));
	assert_int_equal(create(rig, MAKER_DAY), 0);
	assert_string_equal(log_writer_name(rig->writer), "");
	assert_int_equal(append(rig, "one\n"), 0);
	assert_string_equal(
	    rig->model.trace.data, "pwrite fdatasync fsync " LOOK);
	assert_string_equal(log_writer_name(rig->writer), FIRST);
	assert_false(log_writer_needs_file(rig->writer, MAKER_DAY));
	assert_int_equal(append(rig, "two\n"), 0);
	assert_string_equal(
	    rig->model.trace.data, LOOK " pwrite fdatasync " LOOK);
	assert_int_equal(log_writer_bytes(rig->writer), 8);
}

static void
a_file_is_for_its_day(void **state)
{
	struct rig *rig = *state;

	assert_int_equal(create(rig, MAKER_DAY + 1), 0);
	assert_int_equal(append(rig, "one\n"), 0);
	assert_false(
	    log_writer_needs_file(rig->writer, MAKER_DAY + USEC_PER_DAY - 1));
	assert_true(
	    log_writer_needs_file(rig->writer, MAKER_DAY + USEC_PER_DAY));
	assert_int_equal(create(rig, MAKER_DAY + USEC_PER_DAY), 0);
	assert_int_equal(append(rig, "two\n"), 0);
	assert_string_equal(log_writer_name(rig->writer), "2026-11-24.jsonl");
	assert_int_equal(log_writer_bytes(rig->writer), 4);
}

static void
the_same_bytes_may_be_appended_again(void **state)
{
	struct rig *rig = *state;

	assert_int_equal(create(rig, MAKER_DAY), 0);
	assert_int_equal(append(rig, "one\n"), 0);
	model_fail(&rig->model, "fdatasync", 1, 1, EIO);
	assert_int_equal(append(rig, "two\n"), -1);
	assert_string_equal(rig->err.sentence,
	    "audit/" FIRST ": fdatasync: Input/output error");
	assert_int_equal(append(rig, "two\n"), 0);
	assert_string_equal(
	    rig->model.trace.data, "ftruncate pwrite fdatasync " LOOK);
	assert_int_equal(size_of(rig, FIRST), 8);
}

/* Else a power cut could find two batches mixed. */
static void
a_cut_is_synced_before_other_bytes_come(void **state)
{
	struct rig *rig = *state;

	assert_int_equal(create(rig, MAKER_DAY), 0);
	assert_int_equal(append(rig, "one\n"), 0);
	model_fail(&rig->model, "fdatasync", 1, 1, EIO);
	assert_int_equal(append(rig, "two, and more\n"), -1);
	buf_reset(&rig->model.trace);
	assert_int_equal(log_writer_cut(rig->writer, &rig->err), 0);
	assert_string_equal(rig->model.trace.data, "ftruncate fdatasync");
	assert_int_equal(size_of(rig, FIRST), 4);
	assert_false(log_writer_needs_file(rig->writer, MAKER_DAY));
	assert_int_equal(append(rig, "three\n"), 0);
	assert_string_equal(
	    rig->model.trace.data, LOOK " pwrite fdatasync " LOOK);
}

static void
a_file_that_refuses_to_be_cut_is_left_for_a_new_one(void **state)
{
	static const char *const calls[] = { "ftruncate", "fdatasync" };
	struct rig *rig = *state;

	assert_int_equal(create(rig, MAKER_DAY), 0);
	assert_int_equal(append(rig, "one\n"), 0);
	for (size_t i = 0; i < 2; i++) {
		model_fail(&rig->model, "fdatasync", 1, 1, EIO);
		assert_int_equal(append(rig, "two\n"), -1);
		model_fail(&rig->model, calls[i], 1, 1, EIO);
		assert_int_equal(log_writer_cut(rig->writer, &rig->err), 0);
		assert_true(log_writer_needs_file(rig->writer, MAKER_DAY));
		assert_int_equal(log_writer_bytes(rig->writer), 4);
		assert_int_equal(create(rig, MAKER_DAY), 0);
		assert_int_equal(append(rig, "two\n"), 0);
		assert_false(log_writer_needs_file(rig->writer, MAKER_DAY));
	}
	assert_string_equal(
	    log_writer_name(rig->writer), "2026-11-23_03.jsonl");
}

static void
a_candidate_that_failed_goes_before_anything_else_is_written(void **state)
{
	struct rig *rig = *state;

	assert_int_equal(create(rig, MAKER_DAY), 0);
	assert_int_equal(append(rig, "one\n"), 0);
	assert_int_equal(create(rig, MAKER_DAY), 0);
	model_fail(&rig->model, "fsync", 1, 1, EIO); /* of the folder */
	assert_int_equal(append(rig, "two\n"), -1);
	assert_string_equal(log_writer_name(rig->writer), FIRST);

	model_fail(&rig->model, "unlink", 1, 1, EIO);
	assert_int_equal(log_writer_cut(rig->writer, &rig->err), -1);
	model_fail(&rig->model, "fsync", 1, 1, EIO);
	assert_int_equal(log_writer_cut(rig->writer, &rig->err), -1);
	buf_reset(&rig->model.trace);
	assert_int_equal(log_writer_cut(rig->writer, &rig->err), 0);
	assert_string_equal(rig->model.trace.data, "unlink fsync");
	assert_int_equal(size_of(rig, "2026-11-23_02.jsonl"), -1);
	assert_int_equal(append(rig, "two\n"), 0);
	assert_int_equal(size_of(rig, FIRST), 8);
}

static void
names_that_are_taken_are_passed_over(void **state)
{
	struct rig *rig = *state;
	int fd = openat(rig->model.dir, FIRST, O_CREAT | O_WRONLY, 0600);

	assert_int_not_equal(fd, -1);
	close(fd);
	assert_int_equal(
	    symlinkat("/dev/null", rig->model.dir, "2026-11-23_02.jsonl"), 0);
	assert_int_equal(create(rig, MAKER_DAY), 0);
	assert_int_equal(append(rig, "one\n"), 0);
	assert_string_equal(
	    log_writer_name(rig->writer), "2026-11-23_03.jsonl");
}

static void
a_sealed_file_is_named_and_never_written(void **state)
{
	struct rig *rig = *state;

	assert_int_equal(create(rig, MAKER_DAY), 0);
	assert_int_equal(append(rig, "one\n"), 0);
	log_writer_seal(rig->writer, FIRST, 2);
	assert_true(log_writer_needs_file(rig->writer, MAKER_DAY));
	assert_string_equal(log_writer_name(rig->writer), FIRST);
	assert_int_equal(log_writer_bytes(rig->writer), 2);
	assert_int_equal(create(rig, MAKER_DAY), 0);
	assert_int_equal(append(rig, "two\n"), 0);
	assert_int_equal(size_of(rig, FIRST), 4);
}

static void
a_link_in_place_of_the_file_is_not_followed(void **state)
{
	struct rig *rig = *state;

	assert_int_equal(symlinkat("elsewhere", rig->model.dir, FIRST), 0);
	assert_int_equal(
	    log_writer_resume(rig->writer, FIRST, 0, &rig->err), -1);
	assert_int_equal(rig->err.errnum, ELOOP);
}

/* --- what somebody else does to the file ------------------------------- */

static void
write_bytes(struct rig *rig, const char *name, off_t offset, const char *text)
{
	int fd = openat(rig->model.dir, name, O_WRONLY | O_CREAT, 0640);

	assert_int_not_equal(fd, -1);
	assert_int_equal(
	    pwrite(fd, text, strlen(text), offset), (ssize_t)strlen(text));
	close(fd);
}

static void
remove_it(struct rig *rig)
{
	assert_int_equal(unlinkat(rig->model.dir, FIRST, 0), 0);
}

static void
rename_it(struct rig *rig)
{
	assert_int_equal(
	    renameat(rig->model.dir, FIRST, rig->model.dir, "mine"), 0);
}

static void
replace_it(struct rig *rig)
{
	rename_it(rig);
	write_bytes(rig, FIRST, 0, "one\n");
}

static void
link_in_its_place(struct rig *rig)
{
	rename_it(rig);
	assert_int_equal(symlinkat("mine", rig->model.dir, FIRST), 0);
}

static void
empty_it(struct rig *rig)
{
	int fd = openat(rig->model.dir, FIRST, O_WRONLY | O_TRUNC);

	assert_int_not_equal(fd, -1);
	close(fd);
}

static void
add_to_it(struct rig *rig)
{
	write_bytes(rig, FIRST, 4, "2");
}

static const struct meddling {
	void (*meddle)(struct rig *rig);
	const char *found;
	uint64_t found_bytes;
} meddlings[] = {
	{ remove_it, "removed", 0 },
	{ rename_it, "removed", 0 },
	{ replace_it, "replaced", 4 },
	{ link_in_its_place, "replaced", 4 },
	{ empty_it, "cut", 0 },
	{ add_to_it, "extended", 5 },
};
enum { MEDDLINGS = sizeof(meddlings) / sizeof(meddlings[0]) };

static void
start_again(struct rig *rig)
{
	log_writer_free(rig->writer);
	model_free(&rig->model);
	model_init(&rig->model);
	rig->writer = log_writer_new(&rig->model.disk, rig->model.dir, "audit");
	assert_int_equal(create(rig, MAKER_DAY), 0);
	assert_int_equal(append(rig, "one\n"), 0);
}

static void
assert_found(struct rig *rig, const struct meddling *meddling)
{
	const struct log_damage *damage = log_writer_damage(rig->writer);

	assert_int_equal(rig->err.code, ERROR_CORRUPT);
	assert_non_null(strstr(rig->err.sentence, meddling->found));
	assert_string_equal(damage->file, FIRST);
	assert_string_equal(damage->found, meddling->found);
	assert_int_equal(damage->durable_bytes, 4);
	assert_int_equal(damage->found_bytes, meddling->found_bytes);
}

static void
nothing_is_durable_in_a_file_that_is_not_as_it_was_left(void **state)
{
	struct rig *rig = *state;

	for (size_t i = 0; i < MEDDLINGS; i++) {
		start_again(rig);
		meddlings[i].meddle(rig);
		assert_int_equal(append(rig, "two, and more\n"), -1);
		assert_found(rig, &meddlings[i]);
		assert_int_equal(log_writer_bytes(rig->writer), 4);
		assert_true(log_writer_needs_file(rig->writer, MAKER_DAY));
		assert_int_equal(create(rig, MAKER_DAY), 0);
		assert_int_equal(append(rig, "two, and more\n"), 0);
		assert_int_equal(size_of(rig, log_writer_name(rig->writer)),
		    strlen("two, and more\n"));
	}
}

/* It would not be found a moment before the write. */
static void
what_happens_during_the_sync_is_found_behind_it(void **state)
{
	struct rig *rig = *state;

	for (size_t i = 0; i < MEDDLINGS; i++) {
		struct file *file;

		if (meddlings[i].meddle == empty_it ||
		    meddlings[i].meddle == add_to_it)
			continue; /* the write goes over it */
		start_again(rig);
		file = &rig->writer->file;
		meddlings[i].meddle(rig);
		assert_int_equal(
		    check_file(rig->writer, file, file->bytes, &rig->err), -1);
		assert_found(rig, &meddlings[i]);
	}
}

static void
it_is_found_too_when_nothing_is_written(void **state)
{
	struct rig *rig = *state;

	for (size_t i = 0; i < MEDDLINGS; i++) {
		start_again(rig);
		assert_int_equal(log_writer_check(rig->writer, &rig->err), 0);
		meddlings[i].meddle(rig);
		assert_int_equal(log_writer_check(rig->writer, &rig->err), -1);
		assert_found(rig, &meddlings[i]);
		/* Once: the file is the log's no more. */
		assert_int_equal(log_writer_check(rig->writer, &rig->err), 0);
	}
}

static void
what_a_failed_write_left_is_nobody_elses(void **state)
{
	struct rig *rig = *state;

	start_again(rig);
	model_fail(&rig->model, "fdatasync", 1, 1, EIO);
	assert_int_equal(append(rig, "two\n"), -1);
	assert_int_equal(log_writer_check(rig->writer, &rig->err), 0);
	assert_int_equal(append(rig, "two\n"), 0);
}

/* A new file holds nothing yet that anybody was told of. */
static void
a_new_file_that_is_removed_is_a_failure_and_no_damage(void **state)
{
	struct rig *rig = *state;

	assert_int_equal(create(rig, MAKER_DAY), 0);
	remove_it(rig);
	assert_int_equal(append(rig, "one\n"), -1);
	assert_int_equal(rig->err.code, ERROR_SYSTEM);
	assert_string_equal(rig->err.sentence,
	    "audit/" FIRST ": the new file was removed from outside");
	assert_int_equal(create(rig, MAKER_DAY), 0);
	assert_int_equal(append(rig, "one\n"), 0);
}

static void
in_a_folder_that_has_moved_nothing_is_durable(void **state)
{
	struct rig *rig = *state;
	char path[sizeof(rig->model.path)];

	start_again(rig);
	memcpy(path, rig->model.path, sizeof(path));
	memcpy(rig->model.path, "/nowhere", sizeof("/nowhere"));
	assert_int_equal(log_writer_check(rig->writer, &rig->err), -1);
	assert_int_equal(rig->err.code, ERROR_NOT_FOUND);
	memcpy(rig->model.path, "/tmp", sizeof("/tmp"));
	assert_int_equal(append(rig, "two\n"), -1);
	assert_int_equal(rig->err.code, ERROR_NOT_FOUND);
	memcpy(rig->model.path, path, sizeof(path));
	assert_int_equal(append(rig, "two\n"), 0);
}

/* Who cannot look knows nothing. */
static void
a_look_that_fails_is_no_damage(void **state)
{
	static const char *const calls[] = { "fstat", "fstatat" };
	struct rig *rig = *state;

	for (size_t i = 0; i < 2; i++) {
		start_again(rig);
		model_fail(&rig->model, calls[i], 1, 1, EIO);
		assert_int_equal(log_writer_check(rig->writer, &rig->err), -1);
		assert_int_equal(rig->err.code, ERROR_SYSTEM);
		assert_int_equal(log_writer_check(rig->writer, &rig->err), 0);
	}
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(the_first_append_syncs_the_folder_too),
		TEST(a_file_is_for_its_day),
		TEST(the_same_bytes_may_be_appended_again),
		TEST(a_cut_is_synced_before_other_bytes_come),
		TEST(a_file_that_refuses_to_be_cut_is_left_for_a_new_one),
		TEST(
		    a_candidate_that_failed_goes_before_anything_else_is_written),
		TEST(names_that_are_taken_are_passed_over),
		TEST(a_sealed_file_is_named_and_never_written),
		TEST(a_link_in_place_of_the_file_is_not_followed),
		TEST(nothing_is_durable_in_a_file_that_is_not_as_it_was_left),
		TEST(what_happens_during_the_sync_is_found_behind_it),
		TEST(it_is_found_too_when_nothing_is_written),
		TEST(what_a_failed_write_left_is_nobody_elses),
		TEST(a_new_file_that_is_removed_is_a_failure_and_no_damage),
		TEST(in_a_folder_that_has_moved_nothing_is_durable),
		TEST(a_look_that_fails_is_no_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
