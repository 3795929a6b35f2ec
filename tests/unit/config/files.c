#include "lib/config/files.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A folder of its own, and in it for as long as a test lasts. */
static char folder[64];

static int
enter_a_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/kruxos-files-XXXXXX");
	return mkdtemp(folder) == NULL || chdir(folder) == -1 ||
		       mkdir("conf.d", 0755) == -1
		   ? -1
		   : 0;
}

static int
leave_the_folder(void **state)
{
	char command[80];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return chdir("/") == -1 || system(command) != 0 ? -1 : 0;
}

static void
write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void
files_follow_in_the_order_of_their_names(void **state)
{
	static const char *const names[] = { "10-b.conf", "9.conf", "Z.conf",
		"a.conf" };
	/* Of these nothing is read. */
	static const char *const others[] = { ".hidden.conf", "a.conf~",
		"a.conf.dpkg-old", "README" };
	struct error err;

	(void)state;
	write_file("kruxos.conf", "first");
	for (size_t i = COUNT(names); i > 0; i--) {
		char path[64];

		snprintf(path, sizeof(path), "conf.d/%s", names[i - 1]);
		write_file(path, names[i - 1]);
	}
	for (size_t i = 0; i < COUNT(others); i++) {
		char path[64];

		snprintf(path, sizeof(path), "conf.d/%s", others[i]);
		write_file(path, "x");
	}
	for (int way = 0; way < 2; way++) {
		cleanup(files_free) struct files files = { 0 };
		char base[80], path[160];

		snprintf(base, sizeof(base), "%s%s", way == 0 ? "" : folder,
		    way == 0 ? "" : "/");
		snprintf(path, sizeof(path), "%skruxos.conf", base);
		assert_int_equal(files_read(path, &files, &err), 0);
		assert_int_equal(files.count, 1 + COUNT(names));
		assert_string_equal(files.files[0].path, path);
		assert_true(slice_is(files.files[0].text, "first"));
		for (size_t i = 0; i < COUNT(names); i++) {
			snprintf(
			    path, sizeof(path), "%sconf.d/%s", base, names[i]);
			assert_string_equal(files.files[i + 1].path, path);
			assert_true(
			    slice_is(files.files[i + 1].text, names[i]));
		}
	}
}

static void
without_a_folder_there_is_one_file(void **state)
{
	cleanup(files_free) struct files files = { 0 };
	struct error err;

	(void)state;
	write_file("kruxos.conf", "");
	assert_int_equal(rmdir("conf.d"), 0);
	assert_int_equal(files_read("kruxos.conf", &files, &err), 0);
	assert_int_equal(files.count, 1);
}

/* What it says would be missing, and nobody would know. */
static void
what_cannot_be_read_is_named(void **state)
{
	static const char *const cases[][2] = {
		{ "ln -s nowhere conf.d/a.conf",
		    "conf.d/a.conf: open: No such file or directory" },
		{ "mkfifo conf.d/a.conf",
		    "conf.d/a.conf: a FIFO cannot be read again" },
		{ "mkdir conf.d/a.conf",
		    "conf.d/a.conf: read: Is a directory" },
		{ "rmdir conf.d && : >conf.d", "conf.d: Not a directory" },
		{ "chmod o+w conf.d",
		    "conf.d: anybody can write to the folder: chmod o-w "
		    "conf.d" },
	};

	(void)state;
	write_file("kruxos.conf", "");
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct files files = { 0 };
		struct error err;

		assert_int_equal(
		    system("rm -rf conf.d && mkdir -m 755 conf.d"), 0);
		assert_int_equal(system(cases[i][0]), 0);
		assert_int_equal(files_read("kruxos.conf", &files, &err), -1);
		assert_string_equal(err.sentence, cases[i][1]);
		assert_int_equal(files.count, 0);
	}
}

static void
a_folder_of_somebody_else_is_refused(void **state)
{
	struct files files = { 0 };
	struct error err;

	(void)state;
	if (geteuid() != 0)
		skip();
	write_file("kruxos.conf", "");
	assert_int_equal(chown("conf.d", 4711, 4711), 0);
	assert_int_equal(files_read("kruxos.conf", &files, &err), -1);
	assert_int_equal(err.code, ERROR_NOT_ALLOWED);
	assert_string_equal(err.sentence,
	    "conf.d: the folder belongs to uid 4711, who has no say in the "
	    "file beside it");
	/* Who owns both has. */
	assert_int_equal(chown("kruxos.conf", 4711, 4711), 0);
	assert_int_equal(files_read("kruxos.conf", &files, &err), 0);
	files_free(&files);
}

static void
files_have_a_bound(void **state)
{
	struct files files = { 0 };
	struct error err;
	char path[32];

	(void)state;
	write_file("kruxos.conf", "");
	for (int i = 1; i < FILES_COUNT; i++) {
		snprintf(path, sizeof(path), "conf.d/%02d.conf", i);
		write_file(path, "");
	}
	assert_int_equal(files_read("kruxos.conf", &files, &err), 0);
	assert_int_equal(files.count, FILES_COUNT);
	files_free(&files);
	write_file("conf.d/more.conf", "");
	assert_int_equal(files_read("kruxos.conf", &files, &err), -1);
	assert_string_equal(
	    err.sentence, "conf.d: there are more than 63 files");
}

#define IN_A_FOLDER(test) \
	cmocka_unit_test_setup_teardown(test, enter_a_folder, leave_the_folder)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_FOLDER(files_follow_in_the_order_of_their_names),
		IN_A_FOLDER(without_a_folder_there_is_one_file),
		IN_A_FOLDER(what_cannot_be_read_is_named),
		IN_A_FOLDER(a_folder_of_somebody_else_is_refused),
		IN_A_FOLDER(files_have_a_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
