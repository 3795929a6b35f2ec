#include "lib/store/statement.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { ADD, FIND, STATEMENTS };

static const struct statement_text texts[] = {
	{ "test_add", "INSERT INTO thing VALUES (?1, ?2, ?3)" },
	{ "test_find", "SELECT id, name, bits FROM thing WHERE id >= ?1 "
		       "ORDER BY id" },
};

static struct database *database;
static struct statement_set *set;

static int
open_set(void **state)
{
	struct error err = { 0 };

	(void)state;
	database = database_open(":memory:", DATABASE_WRITE_LATER, &err);
	if (database == NULL ||
	    database_run(database,
		"CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT UNIQUE,"
		" bits BLOB)",
		&err) == -1)
		return -1;
	set = statement_set_new(database, texts, STATEMENTS, &err);
	return set == NULL ? -1 : 0;
}

static int
close_set(void **state)
{
	(void)state;
	statement_set_free(set);
	database_close(database);
	return 0;
}

static int
add(uint64_t id, struct slice name, struct slice bits, struct error *err)
{
	struct statement statement = statement_start(set, ADD);

	statement_bind_u64(&statement, 1, id);
	statement_bind_text(&statement, 2, name);
	statement_bind_blob(&statement, 3, bits);
	return statement_run(&statement, err);
}

static void
what_is_bound_is_read_again(void **state)
{
	static const char zeros[3] = { 0, 1, 0 };
	struct slice none = { NULL, 0 };
	struct error err = { 0 };
	struct statement find;

	(void)state;
	assert_int_equal(add(INT64_MAX, SLICE_LITERAL("x"),
			     (struct slice){ zeros, 3 }, &err),
	    0);
	assert_int_equal(add(7, none, SLICE_LITERAL(""), &err), 0);
	find = statement_start(set, FIND);
	statement_bind_u64(&find, 1, 7);
	assert_true(statement_next(&find));
	assert_int_equal(statement_u64(&find, 0), 7);
	assert_true(statement_is_null(&find, 1));
	assert_null(statement_text(&find, 1).data);
	assert_true(statement_next(&find));
	assert_int_equal(statement_u64(&find, 0), INT64_MAX);
	assert_true(slice_is(statement_text(&find, 1), "x"));
	assert_int_equal(statement_blob(&find, 2).len, 3);
	assert_memory_equal(statement_blob(&find, 2).data, zeros, 3);
	assert_false(statement_next(&find));
	assert_int_equal(statement_end(&find, &err), 0);
}

static void
a_run_may_end_before_its_last_row(void **state)
{
	struct slice none = { NULL, 0 };
	struct error err = { 0 };
	struct statement find;

	(void)state;
	add(1, none, none, &err);
	add(2, none, none, &err);
	for (int i = 0; i < 3; i++) {
		find = statement_start(set, FIND);
		statement_bind_u64(&find, 1, 0);
		assert_true(statement_next(&find));
		assert_int_equal(statement_u64(&find, 0), 1);
		assert_int_equal(statement_end(&find, &err), 0);
	}
}

static void
the_first_error_is_kept_until_the_end(void **state)
{
	struct error err = { 0 };
	struct statement statement;

	(void)state;
	assert_int_equal(
	    add(1, SLICE_LITERAL("x"), SLICE_LITERAL(""), &err), 0);
	assert_int_equal(
	    add(2, SLICE_LITERAL("x"), SLICE_LITERAL(""), &err), -1);
	assert_int_equal(err.code, ERROR_CORRUPT);
	assert_non_null(strstr(err.sentence, "test_add: UNIQUE"));
	statement = statement_start(set, ADD);
	statement_bind_u64(&statement, 9, 1); /* there is no ?9 */
	statement_bind_u64(&statement, 1, 5);
	assert_false(statement_next(&statement));
	assert_int_equal(statement_end(&statement, &err), -1);
}

static void
a_typing_error_is_found_when_the_set_is_made(void **state)
{
	static const struct statement_text wrong[] = {
		{ "test_add", "INSERT INTO thing VALUES (1, 2, 3)" },
		{ "test_typo", "SELEC 1" },
	};
	struct error err = { 0 };

	(void)state;
	assert_null(statement_set_new(database, wrong, 2, &err));
	assert_non_null(strstr(err.sentence, "test_typo"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    what_is_bound_is_read_again, open_set, close_set),
		cmocka_unit_test_setup_teardown(
		    a_run_may_end_before_its_last_row, open_set, close_set),
		cmocka_unit_test_setup_teardown(
		    the_first_error_is_kept_until_the_end, open_set, close_set),
		cmocka_unit_test_setup_teardown(
		    a_typing_error_is_found_when_the_set_is_made, open_set,
		    close_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
