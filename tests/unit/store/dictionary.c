#include "lib/store/dictionary.c"

#include "store/database.h"
#include "tests/unit/corpus.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

/* How many came, and how many are enough. */
struct seen {
	size_t count, enough;
};

static bool
on_capability(void *context, dictionary_id id, struct slice name)
{
	struct seen *seen = context;

	assert_int_not_equal(id, 0);
	assert_true(entry_is_capability(name));
	return ++seen->count < seen->enough;
}

static bool
on_actor(
    void *context, dictionary_id id, enum entry_actor type, struct slice name)
{
	struct seen *seen = context;

	assert_int_not_equal(id, 0);
	assert_true(type == ENTRY_SYSTEM || entry_is_name(name));
	return ++seen->count < seen->enough;
}

static size_t
actors_seen(struct store *store, size_t enough)
{
	struct seen seen = { .enough = enough };
	struct error err = { 0 };

	assert_int_equal(store_begin(store, &err), 0);
	assert_int_equal(dictionary_actors(store, on_actor, &seen, &err), 0);
	store_end(store);
	return seen.count;
}

static size_t
capabilities_seen(struct store *store, size_t enough)
{
	struct seen seen = { .enough = enough };
	struct error err = { 0 };

	assert_int_equal(store_begin(store, &err), 0);
	assert_int_equal(
	    dictionary_capabilities(store, on_capability, &seen, &err), 0);
	store_end(store);
	return seen.count;
}

static void
a_list_ends_where_enough_was_seen(void **state)
{
	struct corpus corpus;
	struct store *store;
	size_t actors;

	(void)state;
	corpus_make(&corpus, 500, 3);
	corpus_index(&corpus);
	store = store_open(corpus.database, corpus.maker.dir);
	/* The system is one, and log.open is a capability of its own. */
	actors = actors_seen(store, SIZE_MAX);
	assert_in_range(actors, 3, CORPUS_AGENTS + CORPUS_USERS + 1);
	assert_int_equal(actors_seen(store, 2), 2);
	assert_in_range(
	    capabilities_seen(store, SIZE_MAX), 3, CORPUS_CAPABILITIES + 1);
	assert_int_equal(capabilities_seen(store, 1), 1);
	store_close(store);
	corpus_free(&corpus);
}

static void
run(struct corpus *corpus, const char *sql)
{
	struct error err = { 0 };
	struct database *writer =
	    database_open(corpus->database, DATABASE_WRITE, &err);

	assert_non_null(writer);
	if (database_run(writer, sql, &err) == -1)
		fail_msg("%s: %s", sql, err.sentence);
	database_close(writer);
}

/* A row that is damaged is nobody's, and an id that cannot be is an error. */
static void
a_damaged_row_is_nobodys(void **state)
{
	struct corpus corpus;
	struct store *store;
	struct error err = { 0 };
	dictionary_id id;
	size_t actors;

	(void)state;
	corpus_make(&corpus, 500, 3);
	corpus_index(&corpus);
	store = store_open(corpus.database, corpus.maker.dir);
	actors = actors_seen(store, SIZE_MAX);
	store_close(store);
	run(&corpus, "PRAGMA ignore_check_constraints = ON;"
		     "UPDATE actor SET type = 99"
		     " WHERE id = (SELECT min(id) FROM actor)");
	store = store_open(corpus.database, corpus.maker.dir);
	assert_int_equal(actors_seen(store, SIZE_MAX), actors - 1);
	store_close(store);

	run(&corpus,
	    "UPDATE capability SET id = 1 << 33 WHERE name = 'shell.exec'");
	store = store_open(corpus.database, corpus.maker.dir);
	assert_int_equal(store_begin(store, &err), 0);
	assert_int_equal(dictionary_capability(
			     store, SLICE_LITERAL("shell.exec"), &id, &err),
	    -1);
	assert_int_equal(err.code, ERROR_CORRUPT);
	assert_int_equal(
	    dictionary_capability(store, SLICE_LITERAL("no.such"), &id, &err),
	    0);
	assert_int_equal(id, 0);
	store_end(store);
	store_close(store);
	corpus_free(&corpus);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_ends_where_enough_was_seen),
		cmocka_unit_test(a_damaged_row_is_nobodys),
	};

	return cmocka_run_group_tests_name(
	    "store/dictionary", tests, NULL, NULL);
}
