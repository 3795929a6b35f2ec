#include "lib/store/database.c"

#include "sql/schema_kruxos.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/wait.h>

DEFINE_CLEANUP(struct database *, database_close);

static char folder[] = "/tmp/kruxos-database-XXXXXX";
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
	static const char *const suffixes[] = { "", "-wal", "-shm" };
	char name[80];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
		unlink(name);
	}
	return 0;
}

static int
remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

static struct database *
open_or_fail(enum database_use use)
{
	struct error err = { 0 };
	struct database *database = database_open(path, use, &err);

	if (database == NULL)
		fail_msg("%s", err.sentence);
	return database;
}

static void
a_reader_does_not_create_what_is_missing(void **state)
{
	struct error err = { 0 };

	(void)state;
	assert_null(database_open(path, DATABASE_READ, &err));
	assert_int_equal(err.code, ERROR_UNREACHABLE);
	assert_int_equal(access(path, F_OK), -1);
}

static void
the_schema_grows_step_by_step_and_is_known_again(void **state)
{
	static const char *const steps[] = { "CREATE TABLE a (x)",
		"ALTER TABLE a ADD COLUMN y" };
	const struct database_schema first = { "test", steps, 1 };
	const struct database_schema second = { "test", steps, 2 };
	cleanup(database_closep) struct database *writer =
	    open_or_fail(DATABASE_WRITE);
	struct error err = { 0 };

	(void)state;
	assert_int_equal(database_migrate(writer, &first, &err), 0);
	assert_int_equal(database_is_of(writer, &first, &err), 0);
	assert_int_equal(database_is_of(writer, &second, &err), -1);
	assert_int_equal(database_migrate(writer, &second, &err), 0);
	assert_int_equal(database_migrate(writer, &second, &err), 0);
	assert_int_equal(
	    database_run(writer, "INSERT INTO a VALUES (1, 2)", &err), 0);
	assert_int_equal(database_migrate(writer, &first, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	assert_non_null(strstr(err.sentence, "later version"));
}

static void
a_step_that_fails_leaves_nothing_behind(void **state)
{
	static const char *const steps[] = { "CREATE TABLE a (x); SELEC" };
	const struct database_schema schema = { "test", steps, 1 };
	cleanup(database_closep) struct database *writer =
	    open_or_fail(DATABASE_WRITE);
	struct error err = { 0 };

	(void)state;
	assert_int_equal(database_migrate(writer, &schema, &err), -1);
	assert_non_null(strstr(err.sentence, "migration 1"));
	assert_int_equal(database_run(writer, "CREATE TABLE a (x)", &err), 0);
}

static void
the_schema_of_the_index_is_valid(void **state)
{
	cleanup(database_closep) struct database *writer =
	    open_or_fail(DATABASE_WRITE_LATER);
	struct error err = { 0 };

	(void)state;
	if (database_migrate(writer, &schema_kruxos, &err) == -1)
		fail_msg("%s", err.sentence);
	assert_int_equal(
	    database_run(writer, "SELECT * FROM entries", &err), 0);
}

static void
what_is_no_database_is_corrupt(void **state)
{
	char garbage[8192];
	struct error err = { 0 };
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	(void)state;
	memset(garbage, 'x', sizeof(garbage));
	assert_int_equal(write(fd, garbage, sizeof(garbage)), sizeof(garbage));
	close(fd);
	assert_null(database_open(path, DATABASE_WRITE, &err));
	assert_int_equal(err.code, ERROR_CORRUPT);
}

static void
a_symlink_is_refused(void **state)
{
	struct error err = { 0 };

	(void)state;
	assert_int_equal(symlink("/tmp/kruxos-elsewhere.db", path), 0);
	assert_null(database_open(path, DATABASE_WRITE, &err));
	assert_int_equal(err.code, ERROR_INVALID);
	assert_int_equal(access("/tmp/kruxos-elsewhere.db", F_OK), -1);
}

/* As a uid that cannot write; 0: it could read the row. */
static int
read_as_another_user(void)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		struct error err = { 0 };
		struct database *reader;

		if (geteuid() == 0 &&
		    (setgid(65534) != 0 || setuid(65534) != 0))
			_exit(2);
		reader = database_open(path, DATABASE_READ, &err);
		if (reader == NULL ||
		    database_run(reader, "SELECT x / 0 FROM a WHERE x = 41",
			&err) == -1 ||
		    database_run(reader, "INSERT INTO a VALUES (2)", &err) == 0)
			_exit(1);
		_exit(0);
	}
	return waitpid(child, &status, 0) == child && WIFEXITED(status)
		   ? WEXITSTATUS(status)
		   : -1;
}

static void
a_reader_of_another_uid_reads_with_and_without_a_writer(void **state)
{
	struct database *writer = open_or_fail(DATABASE_WRITE_LATER);
	struct error err = { 0 };
	char name[80];

	(void)state;
	assert_int_equal(chmod(folder, 0755), 0);
	assert_int_equal(
	    database_run(
		writer, "CREATE TABLE a (x); INSERT INTO a VALUES (41)", &err),
	    0);
	assert_int_equal(read_as_another_user(), 0);
	database_close(writer);
	/* The writer left both files; nobody can write them now. */
	snprintf(name, sizeof(name), "%s-wal", path);
	assert_int_equal(access(name, F_OK), 0);
	snprintf(name, sizeof(name), "%s-shm", path);
	assert_int_equal(access(name, F_OK), 0);
	assert_int_equal(read_as_another_user(), 0);
}

static void
a_reader_reads_what_a_killed_writer_committed(void **state)
{
	struct error err = { 0 };
	pid_t child;
	int status;

	(void)state;
	assert_int_equal(chmod(folder, 0755), 0);
	child = fork();
	if (child == 0) {
		struct database *writer =
		    database_open(path, DATABASE_WRITE_LATER, &err);

		database_run(writer,
		    "CREATE TABLE a (x); INSERT INTO a VALUES (41);"
		    "BEGIN; INSERT INTO a VALUES (42)",
		    &err);
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(read_as_another_user(), 0);
}

static void
the_log_is_taken_back_when_it_has_grown(void **state)
{
	cleanup(database_closep) struct database *writer =
	    open_or_fail(DATABASE_WRITE_LATER);
	struct error err = { 0 };
	char name[80];
	struct stat before, after;

	(void)state;
	snprintf(name, sizeof(name), "%s-wal", path);
	assert_int_equal(database_run(writer, "CREATE TABLE a (x)", &err), 0);
	for (int i = 0; i < 200; i++) {
		assert_int_equal(
		    database_run(writer,
			"INSERT INTO a VALUES (zeroblob(100000))", &err),
		    0);
		assert_int_equal(database_checkpoint(writer, &err), 0);
		if (i == 99)
			assert_int_equal(stat(name, &before), 0);
	}
	assert_int_equal(stat(name, &after), 0);
	assert_true(after.st_size < 6 << 20);
	assert_int_equal(before.st_size, after.st_size);
}

static void
a_writer_that_is_in_a_hurry_takes_no_for_an_answer(void **state)
{
	cleanup(database_closep) struct database *other =
	    open_or_fail(DATABASE_WRITE);
	cleanup(database_closep) struct database *writer =
	    open_or_fail(DATABASE_WRITE_NOW);
	struct error err = { 0 };

	(void)state;
	assert_int_equal(database_run(other, "BEGIN IMMEDIATE", &err), 0);
	assert_int_equal(database_run(writer, "BEGIN IMMEDIATE", &err), -1);
	assert_int_equal(err.code, ERROR_BUSY);
	assert_int_equal(database_run(other, "COMMIT", &err), 0);
	assert_int_equal(database_run(writer, "BEGIN IMMEDIATE", &err), 0);
	assert_int_equal(database_run(writer, "COMMIT", &err), 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, remove_files)
	const struct CMUnitTest tests[] = {
		TEST(a_reader_does_not_create_what_is_missing),
		TEST(the_schema_grows_step_by_step_and_is_known_again),
		TEST(a_step_that_fails_leaves_nothing_behind),
		TEST(the_schema_of_the_index_is_valid),
		TEST(what_is_no_database_is_corrupt),
		TEST(a_symlink_is_refused),
		TEST(a_reader_of_another_uid_reads_with_and_without_a_writer),
		TEST(a_reader_reads_what_a_killed_writer_committed),
		TEST(the_log_is_taken_back_when_it_has_grown),
		TEST(a_writer_that_is_in_a_hurry_takes_no_for_an_answer),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
