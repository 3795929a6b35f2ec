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

static void
the_first_append_syncs_the_folder_too(void **state)
{
	struct rig *rig = *state;

	assert_true(log_writer_needs_file(rig->writer, MAKER_DAY));
	assert_int_equal(create(rig, MAKER_DAY), 0);
	assert_string_equal(log_writer_name(rig->writer), "");
	assert_int_equal(append(rig, "one\n"), 0);
	assert_string_equal(rig->model.trace.data, "pwrite fdatasync fsync");
	assert_string_equal(log_writer_name(rig->writer), FIRST);
	assert_false(log_writer_needs_file(rig->writer, MAKER_DAY));
	assert_int_equal(append(rig, "two\n"), 0);
	assert_string_equal(rig->model.trace.data, "pwrite fdatasync");
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
	    rig->model.trace.data, "ftruncate pwrite fdatasync");
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
	assert_string_equal(rig->model.trace.data, "pwrite fdatasync");
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
