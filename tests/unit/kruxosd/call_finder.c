#include "collectors/kruxosd/call_finder.c"

#include "store/database.h"
#include "tests/unit/corpus.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct heard {
	uint64_t count;
	uint32_t sum;
};

static void
on_hash(void *context, uint32_t hash, usec_t at)
{
	struct heard *heard = context;

	(void)at;
	heard->count++;
	heard->sum += hash;
}

static void
a_call_is_found_by_all_that_makes_it_the_same(void **state)
{
	struct corpus corpus;
	struct call_finder *finder;
	struct heard heard = { 0 }, expected = { 0 };
	struct error err = { 0 };

	(void)state;
	corpus_make(&corpus, 70000, 9);
	corpus_index(&corpus);
	finder =
	    call_finder_new(corpus.maker.dir, corpus.maker.dir, &clock_system);
	for (size_t i = 0; i < corpus.count; i += 97) {
		struct entry entry = corpus.entries[i];
		uint64_t newest = 0;

		for (size_t j = corpus.count; j-- > 0 && newest == 0;)
			if (entry.call_id.data != NULL &&
			    is_same(&entry, &corpus.entries[j]))
				newest = corpus.entries[j].seq;
		assert_int_equal(call_finder_find(finder, &entry, 0), newest);
		if (newest != 0)
			assert_int_equal(
			    call_finder_find(finder, &entry,
				corpus.entries[newest - 1].recorded_at + 1),
			    0);
		entry.status = (entry.status + 1) % ENTRY_STATUSES;
		assert_int_not_equal(
		    call_finder_find(finder, &entry, 0), i + 1);
	}
	for (size_t i = 0; i < corpus.count; i++)
		if (corpus.entries[i].call_id.data != NULL)
			on_hash(&expected,
			    call_finder_hash(corpus.entries[i].call_id), 0);
	assert_int_equal(call_finder_each(finder, 0, on_hash, &heard, &err), 0);
	assert_int_equal(heard.count, expected.count);
	assert_int_equal(heard.sum, expected.sum);
	call_finder_free(finder);
	corpus_free(&corpus);
}

/* Where the index cannot tell, the entry is recorded once more; nobody at the
 * door waits for who has locked it. */
static void
a_locked_index_is_not_waited_for(void **state)
{
	struct corpus corpus;
	struct call_finder *finder;
	struct database *holder;
	struct error err = { 0 };
	usec_t before;
	size_t i = 0;

	(void)state;
	corpus_make(&corpus, 100, 9);
	corpus_index(&corpus);
	while (corpus.entries[i].call_id.data == NULL)
		i++;
	finder =
	    call_finder_new(corpus.maker.dir, corpus.maker.dir, &clock_system);
	holder = database_open(corpus.database, DATABASE_WRITE, &err);
	assert_non_null(holder);
	assert_int_equal(database_run(holder,
			     "PRAGMA locking_mode = EXCLUSIVE;"
			     "BEGIN EXCLUSIVE",
			     &err),
	    0);
	before = clock_monotonic(&clock_system);
	assert_int_equal(call_finder_find(finder, &corpus.entries[i], 0), 0);
	/* SQLite waits for a second where it is told to wait. */
	assert_true(clock_monotonic(&clock_system) - before < USEC_PER_SEC / 2);
	assert_int_equal(database_run(holder,
			     "COMMIT; PRAGMA locking_mode = NORMAL;"
			     "SELECT count(*) FROM sqlite_schema",
			     &err),
	    0);
	assert_int_not_equal(
	    call_finder_find(finder, &corpus.entries[i], 0), 0);
	database_close(holder);
	call_finder_free(finder);
	corpus_free(&corpus);
}

/* The end of a call by its session, or by the thread that the request names. */
static void
an_end_is_found_whoever_told_it(void **state)
{
	struct corpus corpus;
	struct call_finder *finder;
	struct entry told = {
		.source = ENTRY_HOOK,
		.actor = ENTRY_AGENT,
		.actor_name = SLICE_LITERAL("claude-code"),
		.session_id = SLICE_LITERAL("main"),
		.call_id = SLICE_LITERAL("toolu_1"),
		.capability = SLICE_LITERAL("shell.exec"),
		.status = ENTRY_PENDING,
	};
	struct entry asked = told;
	uint64_t ended;

	(void)state;
	corpus_make(&corpus, 100, 9);
	maker_add(&corpus.maker, told, "");
	told.status = ENTRY_ERROR;
	maker_add(
	    &corpus.maker, told, ",\"request\":{\"agent_id\":\"thread\"}");
	ended = corpus.maker.seq;
	told.call_id = SLICE_LITERAL("toolu_2");
	maker_add(&corpus.maker, told, ",\"request\":{\"agent_id\":7}");
	corpus_index(&corpus);
	finder =
	    call_finder_new(corpus.maker.dir, corpus.maker.dir, &clock_system);
	asked.actor_name = SLICE_LITERAL("laptop");
	asked.capability = SLICE_LITERAL("tool.other");
	asked.status = ENTRY_SUCCESS;
	assert_int_equal(call_finder_find_outcome(finder, &asked, 0), ended);
	asked.session_id = SLICE_LITERAL("thread");
	assert_int_equal(call_finder_find_outcome(finder, &asked, 0), ended);
	asked.session_id = SLICE_LITERAL("other");
	assert_int_equal(call_finder_find_outcome(finder, &asked, 0), 0);
	asked.session_id = SLICE_LITERAL("main");
	asked.source = ENTRY_OTLP;
	assert_int_equal(call_finder_find_outcome(finder, &asked, 0), 0);
	asked.source = ENTRY_HOOK;
	asked.call_id = SLICE_LITERAL("toolu_2");
	asked.session_id = SLICE_LITERAL("7");
	assert_int_equal(call_finder_find_outcome(finder, &asked, 0), 0);
	asked.session_id = asked.call_id = (struct slice){ NULL, 0 };
	assert_int_equal(call_finder_find_outcome(finder, &asked, 0), 0);
	call_finder_free(finder);
	corpus_free(&corpus);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_is_found_by_all_that_makes_it_the_same),
		cmocka_unit_test(an_end_is_found_whoever_told_it),
		cmocka_unit_test(a_locked_index_is_not_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
