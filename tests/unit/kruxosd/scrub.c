#include "collectors/kruxosd/scrub.c"

#include "tests/unit/corpus.h"

#include "store/search.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>

#define DEADLINE (120 * USEC_PER_SEC) /* idle, beside a busy machine */

static struct indexer *
start_indexer(struct corpus *corpus)
{
	struct error err = { 0 };
	struct indexer *indexer = indexer_new(
	    corpus->maker.dir, corpus->maker.dir, &clock_system, &err);

	assert_non_null(indexer);
	indexer_durable(indexer, corpus->maker.seq);
	assert_int_equal(indexer_start(indexer, &err), 0);
	return indexer;
}

/* Wait for a current index of another generation than `before`. */
static struct indexer_state
wait_for_index(struct indexer *indexer, struct corpus *corpus, uint64_t before)
{
	usec_t end = clock_monotonic(&clock_system) + DEADLINE;
	struct indexer_state state;

	do {
		struct pollfd moved = { indexer_fd(indexer), POLLIN, 0 };
		uint64_t count;

		if (poll(&moved, 1, 50) == 1)
			assert_int_equal(
			    read(moved.fd, &count, sizeof(count)), 8);
		assert_true(clock_monotonic(&clock_system) < end);
		indexer_get(indexer, &state);
	} while (state.generation == before ||
		 state.status != STATUS_INDEX_CURRENT ||
		 state.index_seq != corpus->maker.seq);
	return state;
}

static void
wait_for_end(struct scrub *scrub)
{
	usec_t end = clock_monotonic(&clock_system) + DEADLINE;

	while (scrub_ended_at(scrub) == 0)
		assert_true(clock_monotonic(&clock_system) < end);
}

static uint64_t
count_denied(struct corpus *corpus)
{
	struct store *store = store_open(corpus->database, corpus->maker.dir);
	struct search search = { .filter = FILTER_INIT };
	struct arena arena = ARENA_INIT;
	struct search_page page;
	struct error err = { 0 };

	assert_int_equal(filter_add(&search.filter, &arena, "status",
			     SLICE_LITERAL("denied"), &err),
	    0);
	assert_int_equal(search_page(store, &search, &arena, &page, &err), 0);
	arena_free(&arena);
	store_close(store);
	return page.total;
}

static void
a_wrong_total_is_found_and_the_index_built_again(void **state)
{
	struct corpus corpus;
	struct indexer *indexer;
	struct indexer_state before;
	struct database *database;
	struct scrub *scrub;
	struct error err = { 0 };
	uint64_t denied;

	(void)state;
	corpus_make(&corpus, 66000, 3);
	indexer = start_indexer(&corpus);
	before = wait_for_index(indexer, &corpus, 0);
	denied = count_denied(&corpus);
	database = database_open(corpus.database, DATABASE_WRITE_LATER, &err);
	assert_int_equal(database_run(database,
			     "UPDATE segment SET count = count + 3 WHERE id = "
			     "(4 << 60) | (2 << 28)",
			     &err),
	    0);
	database_close(database);
	assert_int_not_equal(count_denied(&corpus), denied);
	scrub = scrub_new(
	    corpus.maker.dir, corpus.maker.dir, &clock_system, indexer, 0);
	assert_int_equal(scrub_start(scrub, &err), 0);
	before = wait_for_index(indexer, &corpus, before.generation);
	assert_int_equal(count_denied(&corpus), denied);
	wait_for_end(scrub);
	scrub_free(scrub);
	/* And again, of one that is whole: it stays. */
	scrub = scrub_new(
	    corpus.maker.dir, corpus.maker.dir, &clock_system, indexer, 0);
	assert_int_equal(scrub_start(scrub, &err), 0);
	wait_for_end(scrub);
	scrub_free(scrub);
	assert_int_equal(
	    wait_for_index(indexer, &corpus, 0).generation, before.generation);
	indexer_free(indexer);
	corpus_free(&corpus);
}

static void
damage_of_an_index_that_is_gone_is_none(void **state)
{
	struct corpus corpus;
	struct indexer *indexer;
	struct indexer_state before, after;

	(void)state;
	corpus_make(&corpus, 100, 3);
	indexer = start_indexer(&corpus);
	before = wait_for_index(indexer, &corpus, 0);
	indexer_found_damage(indexer, before.generation - 1, "old");
	corpus_add(&corpus, 50);
	indexer_durable(indexer, corpus.maker.seq);
	after = wait_for_index(indexer, &corpus, 0);
	assert_int_equal(after.generation, before.generation);
	indexer_found_damage(indexer, before.generation, "new");
	after = wait_for_index(indexer, &corpus, before.generation);
	indexer_free(indexer);
	corpus_free(&corpus);
}

static void
it_is_due_a_day_later_and_when_the_clock_went_back(void **state)
{
	usec_t now = clock_realtime(&clock_system);
	const struct {
		usec_t ended_at;
		bool is_due;
	} cases[] = {
		{ 0, true },
		{ now - USEC_PER_HOUR, false },
		{ now - 25 * USEC_PER_HOUR, true },
		{ now + USEC_PER_HOUR, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scrub *scrub =
		    scrub_new("x", "x", &clock_system, NULL, cases[i].ended_at);

		assert_int_equal(time_left(scrub) == 0, cases[i].is_due);
		scrub_free(scrub);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_wrong_total_is_found_and_the_index_built_again),
		cmocka_unit_test(damage_of_an_index_that_is_gone_is_none),
		cmocka_unit_test(
		    it_is_due_a_day_later_and_when_the_clock_went_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
