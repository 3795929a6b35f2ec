#include "hook/spool.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"

#include <sys/stat.h>

static void
lines_are_left_whole_under_a_name_that_sorts(void **state)
{
	char folder[] = "/tmp/kruxos-spool-XXXXXX";
	cleanup(buf_free) struct buf path = BUF_INIT;
	struct slice lines = SLICE_LITERAL("{\"a\":1}\n{\"b\":2}\n");
	char text[64] = { 0 };
	struct error err;
	struct stat st;
	FILE *file;

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_int_equal(spool_write(folder, 42, lines, &err), 0);
	buf_addf(&path, "%s/00000000000000000042-%ld.ndjson", folder,
	    (long)getpid());
	assert_int_equal(stat(path.data, &st), 0);
	assert_int_equal(st.st_mode & 07137, 0);
	file = fopen(path.data, "r");
	assert_int_equal(fread(text, 1, sizeof(text), file), lines.len);
	fclose(file);
	assert_memory_equal(text, lines.data, lines.len);

	/* The name is taken: what is there stays. */
	assert_int_equal(spool_write(folder, 42, lines, &err), -1);
	assert_int_equal(err.code, ERROR_SYSTEM);
	assert_int_equal(unlink(path.data), 0);
	assert_int_equal(rmdir(folder), 0);
}

static void
the_folders_group_may_read_it_whatever_the_umask_is(void **state)
{
	char folder[] = "/tmp/kruxos-spool-XXXXXX";
	cleanup(buf_free) struct buf path = BUF_INIT;
	mode_t before = umask(077);
	struct error err;
	struct stat st;

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_int_equal(
	    spool_write(folder, 42, SLICE_LITERAL("x\n"), &err), 0);
	umask(before);
	buf_addf(&path, "%s/00000000000000000042-%ld.ndjson", folder,
	    (long)getpid());
	assert_int_equal(stat(path.data, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(unlink(path.data), 0);
	assert_int_equal(rmdir(folder), 0);
}

static void
without_a_folder_it_is_said(void **state)
{
	struct error err;

	(void)state;
	assert_int_equal(
	    spool_write("/nonexistent/spool", 42, SLICE_LITERAL("x\n"), &err),
	    -1);
	assert_non_null(strstr(err.sentence, "/nonexistent/spool"));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_left_whole_under_a_name_that_sorts),
		cmocka_unit_test(
		    the_folders_group_may_read_it_whatever_the_umask_is),
		cmocka_unit_test(without_a_folder_it_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
