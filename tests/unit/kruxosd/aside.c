#include "collectors/kruxosd/aside.c"

#include "base/disk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>

static char folder[64], path[80];

static int
make_folder(void **state)
{
	(void)state;
	diag_init("", (enum diag_level)0); /* what goes is said: not here */
	snprintf(folder, sizeof(folder), "/tmp/kruxos-aside-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/x.db", folder);
	return 0;
}

static int
remove_folder(void **state)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;

	(void)state;
	while ((entry = readdir(dir)) != NULL)
		unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	return rmdir(folder);
}

static void
make(const char *name)
{
	char file[256];
	int fd;

	snprintf(file, sizeof(file), "%s/%s", folder, name);
	fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_not_equal(fd, -1);
	close(fd);
}

static bool
is_there(const char *name)
{
	char file[256];

	snprintf(file, sizeof(file), "%s/%s", folder, name);
	return access(file, F_OK) == 0;
}

static void
all_three_files_leave_their_names(void **state)
{
	char time[CLOCK_TEXT_SIZE], kept[128];

	(void)state;
	make("x.db");
	make("x.db-wal");
	make("x.db-shm");
	aside_put(path, &clock_system, time);
	for (size_t i = 0; i < SUFFIXES; i++) {
		snprintf(kept, sizeof(kept), "x.db%s", suffixes[i]);
		assert_false(is_there(kept));
		snprintf(
		    kept, sizeof(kept), "x.db.damaged-%s%s", time, suffixes[i]);
		assert_true(is_there(kept));
	}
}

static void
the_newest_copies_stay_and_nothing_else_is_touched(void **state)
{
	static const char *const old[] = {
		"x.db.damaged-2001-01-01T00:00:00.000000Z",
		"x.db.damaged-2001-01-01T00:00:00.000000Z-wal",
		"x.db.damaged-2002-01-01T00:00:00.000000Z-shm",
	};
	static const char *const others[] = {
		"x.db.damaged-2003-01-01T00:00:00.000000Z",
		"x.db.damaged-2003-01-01T00:00:00.000000Z-wal",
		"x.db.damaged-2004-01-01T00:00:00.000000Z",
		"x.db.damaged-2001-01-01T00:00:00.000000Z.mine",
		"x.db.damaged-2001-01-01",
		"x.db.damaged-yesterday and a little before",
		"y.db.damaged-2001-01-01T00:00:00.000000Z",
		"x.db.backup",
	};
	char time[CLOCK_TEXT_SIZE];

	(void)state;
	make("x.db");
	for (size_t i = 0; i < 3; i++)
		make(old[i]);
	for (size_t i = 0; i < 8; i++)
		make(others[i]);
	aside_put(path, &clock_system, time);
	for (size_t i = 0; i < 3; i++)
		assert_false(is_there(old[i]));
	for (size_t i = 0; i < 8; i++)
		assert_true(is_there(others[i]));
}

int
main(void)
{
#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)
	const struct CMUnitTest tests[] = {
		TEST(all_three_files_leave_their_names),
		TEST(the_newest_copies_stay_and_nothing_else_is_touched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
