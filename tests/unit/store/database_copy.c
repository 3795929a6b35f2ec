#include "lib/store/database_copy.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/stat.h>

static char folder[] = "/tmp/kruxos-database-copy-XXXXXX";
static char path[64], copied[64];

static int
make_folder(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/x.db", folder);
	snprintf(copied, sizeof(copied), "%s/y.db", folder);
	return 0;
}

static int
remove_files(void **state)
{
	static const char *const suffixes[] = { "", "-wal", "-shm",
		"-journal" };
	char name[80];

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
		unlink(name);
		snprintf(name, sizeof(name), "%s%s", copied, suffixes[i]);
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

static void
must_run(struct database *database, const char *sql)
{
	struct error err = { 0 };

	if (database_run(database, sql, &err) == -1)
		fail_msg("%s", err.sentence);
}

/* `rows` of 1 KiB each, committed. */
static struct database *
make_database(unsigned rows)
{
	struct error err = { 0 };
	struct database *writer = database_open(path, DATABASE_WRITE, &err);
	char sql[200];

	if (writer == NULL)
		fail_msg("%s", err.sentence);
	snprintf(sql, sizeof(sql),
	    "CREATE TABLE a (x); WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL "
	    "SELECT i + 1 FROM n WHERE i < %u) "
	    "INSERT INTO a SELECT randomblob(1024) FROM n",
	    rows);
	must_run(writer, sql);
	return writer;
}

static int
count_rows(const char *database_path)
{
	struct error err = { 0 };
	cleanup(database_closep) struct database *reader =
	    database_open(database_path, DATABASE_WRITE, &err);
	sqlite3_stmt *stmt;
	int count;

	assert_non_null(reader);
	assert_int_equal(sqlite3_prepare_v2(database_handle(reader),
			     "SELECT count(*) FROM a", -1, &stmt, NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	count = sqlite3_column_int(stmt, 0);
	sqlite3_finalize(stmt);
	return count;
}

static void
a_copy_is_one_file_of_ours_alone(void **state)
{
	cleanup(database_closep) struct database *writer = make_database(10);
	struct error err = { 0 };
	struct stat found;
	char wal[80];

	(void)state;
	assert_int_equal(database_copy(path, copied, NULL, NULL, &err), 0);
	assert_int_equal(stat(copied, &found), 0);
	assert_int_equal(found.st_mode & 07777, 0600);
	snprintf(wal, sizeof(wal), "%s-wal", copied);
	assert_int_equal(access(wal, F_OK), -1);
	assert_int_equal(count_rows(copied), 10);
}

struct meddler {
	struct database *writer;
	unsigned calls;
};

static bool
on_progress_write(void *context, uint64_t done, uint64_t total)
{
	struct meddler *meddler = context;

	assert_true(done <= total);
	meddler->calls++;
	must_run(meddler->writer, "INSERT INTO a VALUES (randomblob(1024))");
	return true;
}

/* It neither begins anew at each commit, nor holds anybody up. */
static void
what_is_committed_meanwhile_is_not_in_the_copy(void **state)
{
	cleanup(database_closep) struct database *writer = make_database(4000);
	struct meddler meddler = { writer, 0 };
	struct error err = { 0 };

	(void)state;
	assert_int_equal(
	    database_copy(path, copied, on_progress_write, &meddler, &err), 0);
	assert_in_range(meddler.calls, 4, 20);
	assert_int_equal(count_rows(copied), 4000);
}

static bool
on_progress_stop(void *context, uint64_t done, uint64_t total)
{
	(void)context;
	(void)done;
	(void)total;
	return false;
}

static void
a_copy_that_was_stopped_leaves_nothing(void **state)
{
	cleanup(database_closep) struct database *writer = make_database(4000);
	struct error err = { 0 };

	(void)state;
	assert_int_equal(
	    database_copy(path, copied, on_progress_stop, NULL, &err), -1);
	assert_int_equal(err.code, ERROR_BUSY);
	assert_int_equal(access(copied, F_OK), -1);
}

static void
what_is_there_is_never_written_over(void **state)
{
	cleanup(database_closep) struct database *writer = make_database(1);
	struct error err = { 0 };

	(void)state;
	assert_int_equal(symlink("/tmp/kruxos-nowhere", copied), 0);
	assert_int_equal(database_copy(path, copied, NULL, NULL, &err), -1);
	assert_int_equal(err.code, ERROR_CONFLICT);
	assert_int_equal(access("/tmp/kruxos-nowhere", F_OK), -1);
}

static void
a_damaged_database_is_said_to_be_that(void **state)
{
	struct error err = { 0 };
	FILE *file = fopen(path, "w");

	(void)state;
	assert_non_null(file);
	for (int i = 0; i < 1000; i++)
		fputs("no database ", file);
	fclose(file);
	assert_int_equal(database_copy(path, copied, NULL, NULL, &err), -1);
	assert_int_equal(err.code, ERROR_CORRUPT);
	assert_int_equal(access(copied, F_OK), -1);
}

static void
where_there_is_none_nothing_is_made(void **state)
{
	struct error err = { 0 };

	(void)state;
	assert_int_equal(database_copy(path, copied, NULL, NULL, &err), -1);
	assert_int_equal(err.code, ERROR_UNREACHABLE);
	assert_int_equal(access(copied, F_OK), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(
		    a_copy_is_one_file_of_ours_alone, remove_files),
		cmocka_unit_test_teardown(
		    what_is_committed_meanwhile_is_not_in_the_copy,
		    remove_files),
		cmocka_unit_test_teardown(
		    a_copy_that_was_stopped_leaves_nothing, remove_files),
		cmocka_unit_test_teardown(
		    what_is_there_is_never_written_over, remove_files),
		cmocka_unit_test_teardown(
		    a_damaged_database_is_said_to_be_that, remove_files),
		cmocka_unit_test_teardown(
		    where_there_is_none_nothing_is_made, remove_files),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
