#include "lib/store/database_reader.c"

#include "tests/unit/disk_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const char *const migrations[] = { "CREATE TABLE thing (name TEXT)" };
static const struct database_schema schema = { "test", migrations, 1 };

enum { FIND };
static const struct statement_text texts[] = {
	{ "test_find", "SELECT name FROM thing" },
};

struct place {
	char dir[32], path[64], old[64];
};

static struct place
place_make(void)
{
	struct place place = { "/tmp/kruxos-reader-XXXXXX", "", "" };

	assert_non_null(mkdtemp(place.dir));
	snprintf(place.path, sizeof(place.path), "%s/test.db", place.dir);
	snprintf(place.old, sizeof(place.old), "%s/old.db", place.dir);
	return place;
}

static void
place_remove(const struct place *place)
{

	model_remove_folder(place->dir);
}

static void
make_database(const char *path, const char *sql)
{
	struct error err;
	struct database *database = database_open(path, DATABASE_WRITE, &err);

	if (database == NULL ||
	    database_migrate(database, &schema, &err) == -1 ||
	    database_run(database, sql, &err) == -1)
		fail_msg("%s", err.sentence);
	database_close(database);
}

static void
assert_reads(struct database_reader *reader, const char *name)
{
	struct statement row;
	struct error err;

	assert_int_equal(database_reader_open(reader, &err), 0);
	row = statement_start(reader->statements, FIND);
	assert_true(statement_next(&row));
	assert_true(slice_is(statement_text(&row, 0), name));
	assert_int_equal(database_reader_end(reader, &row, &err), 0);
}

static void
a_database_is_waited_for_and_found_again(void **state)
{
	struct place place = place_make();
	struct database_reader reader;
	struct error err;

	(void)state;
	database_reader_init(&reader, place.path, &schema, texts, 1);
	assert_int_equal(database_reader_open(&reader, &err), -1);
	assert_int_equal(err.code, ERROR_UNREACHABLE);
	make_database(place.path, "INSERT INTO thing VALUES ('first')");
	assert_reads(&reader, "first");
	assert_int_equal(rename(place.path, place.old), 0);
	make_database(place.path, "INSERT INTO thing VALUES ('second')");
	assert_reads(&reader, "second");
	database_reader_done(&reader);
	place_remove(&place);
}

static void
another_schema_is_refused(void **state)
{
	struct place place = place_make();
	struct database_reader reader;
	struct error err;

	(void)state;
	make_database(place.path, "PRAGMA user_version = 7");
	database_reader_init(&reader, place.path, &schema, texts, 1);
	assert_int_equal(database_reader_open(&reader, &err), -1);
	assert_int_equal(err.code, ERROR_CORRUPT);
	assert_null(reader.database);
	database_reader_done(&reader);
	place_remove(&place);
}

static void
what_is_found_damaged_is_opened_anew(void **state)
{
	const struct error damage = { .code = ERROR_CORRUPT };
	const struct error busy = { .code = ERROR_BUSY };
	struct place place = place_make();
	struct database_reader reader;

	(void)state;
	make_database(place.path, "INSERT INTO thing VALUES ('first')");
	database_reader_init(&reader, place.path, &schema, texts, 1);
	assert_reads(&reader, "first");
	assert_int_equal(database_reader_result(&reader, -1, &busy), -1);
	assert_non_null(reader.database);
	assert_int_equal(database_reader_result(&reader, -1, &damage), -1);
	assert_null(reader.database);
	assert_reads(&reader, "first");
	database_reader_done(&reader);
	place_remove(&place);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_database_is_waited_for_and_found_again),
		cmocka_unit_test(another_schema_is_refused),
		cmocka_unit_test(what_is_found_damaged_is_opened_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
