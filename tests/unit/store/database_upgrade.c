#include "lib/store/database_upgrade.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/stat.h>

DEFINE_CLEANUP(struct database *, database_close);

static const char *const steps[] = {
	"CREATE TABLE a (x)",
	"ALTER TABLE a ADD COLUMN y",
	"ALTER TABLE a ADD COLUMN z",
	"ALTER TABLE a ADD COLUMN u",
	"SELEC",
};

static char folder[] = "/tmp/kruxos-database-upgrade-XXXXXX";
static char path[64];

static int
make_folder(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/x.db", folder);
	return 0;
}

static int
remove_files(void **state)
{
	(void)state;
	DIR *dir = opendir(folder);
	struct dirent *entry;

	while ((entry = readdir(dir)) != NULL)
		unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	return 0;
}

static int
remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

static bool
is_there(const char *suffix)
{
	char name[96];

	snprintf(name, sizeof(name), "%s%s", path, suffix);
	return access(name, F_OK) == 0;
}

/* Open it and bring it up to `version`; what the copy is called. */
static int
upgrade_to(int version)
{
	struct database_schema schema = { "test", steps, version };
	struct error err = { 0 };
	cleanup(database_closep) struct database *database =
	    database_open(path, DATABASE_WRITE, &err);
	int from = -1;

	if (database == NULL ||
	    database_upgrade(database, &schema, &from, &err) == -1)
		fail_msg("%s", err.sentence);
	return from;
}

static void
a_new_database_needs_no_copy(void **state)
{
	(void)state;
	assert_int_equal(upgrade_to(2), 0);
	assert_int_equal(upgrade_to(2), 0);
	assert_false(is_there(".schema-0"));
	assert_false(is_there(".schema-2"));
}

static void
before_it_grows_it_is_copied(void **state)
{
	struct database_schema first = { "test", steps, 1 };
	struct error err = { 0 };
	struct database *copied;
	char name[96];

	(void)state;
	upgrade_to(1);
	assert_int_equal(upgrade_to(2), 1);
	snprintf(name, sizeof(name), "%s.schema-1", path);
	copied = database_open(name, DATABASE_WRITE, &err);
	assert_non_null(copied);
	assert_int_equal(database_is_of(copied, &first, &err), 0);
	database_close(copied);
}

static void
the_newest_two_copies_stay(void **state)
{
	(void)state;
	for (int version = 1; version <= 4; version++)
		upgrade_to(version);
	assert_false(is_there(".schema-1"));
	assert_true(is_there(".schema-2"));
	assert_true(is_there(".schema-3"));
}

static void
without_a_copy_nothing_is_changed(void **state)
{
	struct database_schema second = { "test", steps, 2 };
	struct error err = { 0 };
	struct database *database;
	int from = -1, version = 0;
	char name[96];

	(void)state;
	upgrade_to(1);
	/* A folder is in the way: as good as a full disk. */
	snprintf(name, sizeof(name), "%s.schema-1", path);
	assert_int_equal(mkdir(name, 0700), 0);
	database = database_open(path, DATABASE_WRITE, &err);
	assert_int_equal(database_upgrade(database, &second, &from, &err), -1);
	assert_int_equal(err.code, ERROR_SYSTEM);
	assert_int_equal(from, -1);
	assert_int_equal(database_version(database, &version, &err), 0);
	assert_int_equal(version, 1);
	assert_false(is_there(".schema-1.part"));
	database_close(database);
	rmdir(name);
}

static void
a_copy_that_was_cut_short_is_made_anew(void **state)
{
	FILE *file;
	char name[96];

	(void)state;
	upgrade_to(1);
	snprintf(name, sizeof(name), "%s.schema-1.part", path);
	file = fopen(name, "w");
	assert_non_null(file);
	fputs("half", file);
	fclose(file);
	assert_int_equal(upgrade_to(2), 1);
	assert_true(is_there(".schema-1"));
	assert_false(is_there(".schema-1.part"));
}

/* The copy is there; a migration that fails can be tried again. */
static void
a_step_that_fails_leaves_the_database_and_its_copy(void **state)
{
	struct database_schema all = { "test", steps, 5 };
	struct error err = { 0 };
	struct database *database;
	int from = -1, version = 0;

	(void)state;
	upgrade_to(4);
	database = database_open(path, DATABASE_WRITE, &err);
	assert_int_equal(database_upgrade(database, &all, &from, &err), -1);
	assert_int_equal(database_version(database, &version, &err), 0);
	assert_int_equal(version, 4);
	assert_true(is_there(".schema-4"));
	database_close(database);
}

static void
a_later_version_is_neither_copied_nor_touched(void **state)
{
	struct database_schema first = { "test", steps, 1 };
	struct error err = { 0 };
	struct database *database;
	int from = -1;

	(void)state;
	upgrade_to(2);
	database = database_open(path, DATABASE_WRITE, &err);
	assert_int_equal(database_upgrade(database, &first, &from, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	assert_non_null(strstr(err.sentence, "later version"));
	assert_false(is_there(".schema-2"));
	database_close(database);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(
		    a_new_database_needs_no_copy, remove_files),
		cmocka_unit_test_teardown(
		    before_it_grows_it_is_copied, remove_files),
		cmocka_unit_test_teardown(
		    the_newest_two_copies_stay, remove_files),
		cmocka_unit_test_teardown(
		    without_a_copy_nothing_is_changed, remove_files),
		cmocka_unit_test_teardown(
		    a_copy_that_was_cut_short_is_made_anew, remove_files),
		cmocka_unit_test_teardown(
		    a_step_that_fails_leaves_the_database_and_its_copy,
		    remove_files),
		cmocka_unit_test_teardown(
		    a_later_version_is_neither_copied_nor_touched,
		    remove_files),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
