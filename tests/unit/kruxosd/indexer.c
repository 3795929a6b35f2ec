#include "collectors/kruxosd/indexer.c"

#include "tests/unit/corpus.h"

#include "store/search.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>

DEFINE_CLEANUP(struct indexer *, indexer_free);
DEFINE_CLEANUP(struct store *, store_close);

#define DEADLINE (20 * USEC_PER_SEC)

static struct indexer *
start(struct corpus *corpus, uint64_t durable)
{
	struct error err = { 0 };
	struct indexer *indexer = indexer_new(
	    corpus->maker.dir, corpus->maker.dir, &clock_system, &err);

	if (indexer == NULL)
		fail_msg("%s", err.sentence);
	indexer_durable(indexer, durable);
	assert_int_equal(indexer_start(indexer, &err), 0);
	return indexer;
}

/* Wait until the index is ok and holds all through `seq`. */
static struct indexer_state
wait_until(struct indexer *indexer, uint64_t seq)
{
	usec_t end = clock_monotonic(&clock_system) + DEADLINE;
	struct indexer_state state;

	for (;;) {
		struct pollfd moved = { indexer_fd(indexer), POLLIN, 0 };
		uint64_t count;

		indexer_get(indexer, &state);
		if (state.status <= STATUS_INDEX_CATCHING_UP &&
		    state.sentence[0] == '\0' && state.index_seq == seq)
			return state;
		if (clock_monotonic(&clock_system) > end)
			fail_msg("index at %llu, not %llu: %s",
			    (unsigned long long)state.index_seq,
			    (unsigned long long)seq, state.sentence);
		if (poll(&moved, 1, 1000) == 1)
			assert_int_equal(
			    read(moved.fd, &count, sizeof(count)), 8);
	}
}

/* Wait until it says `word`, and how it is. */
static struct indexer_state
wait_for_word(
    struct indexer *indexer, enum status_index status, const char *word)
{
	usec_t end = clock_monotonic(&clock_system) + DEADLINE;
	struct indexer_state state;

	for (;;) {
		struct pollfd moved = { indexer_fd(indexer), POLLIN, 0 };
		uint64_t count;

		indexer_get(indexer, &state);
		if (state.status == status &&
		    strstr(state.sentence, word) != NULL)
			return state;
		if (clock_monotonic(&clock_system) > end)
			fail_msg("%s, not \"%s\": %s",
			    status_index_name(state.status), word,
			    state.sentence);
		/* Lag is a matter of time: nobody calls. */
		if (poll(&moved, 1, 50) == 1)
			assert_int_equal(
			    read(moved.fd, &count, sizeof(count)), 8);
	}
}

static uint64_t
total(struct corpus *corpus)
{
	cleanup(store_closep) struct store *store =
	    store_open(corpus->database, corpus->maker.dir);
	cleanup(arena_free) struct arena arena = ARENA_INIT;
	struct search search = { .filter = FILTER_INIT };
	struct search_page page;
	struct error err = { 0 };

	if (search_page(store, &search, &arena, &page, &err) == -1)
		fail_msg("%s", err.sentence);
	return page.total;
}

static void
what_is_durable_is_indexed_and_nothing_beyond(void **state)
{
	struct corpus corpus;

	(void)state;
	corpus_make(&corpus, 1000, 1);
	{
		cleanup(indexer_freep) struct indexer *indexer =
		    start(&corpus, 600);

		wait_until(indexer, 600);
		assert_int_equal(total(&corpus), 600);
		indexer_durable(indexer, 601);
		wait_until(indexer, 601);
		indexer_durable(indexer, 1000);
		wait_until(indexer, 1000);
		corpus_add(&corpus, 500);
		indexer_durable(indexer, 1500);
		wait_until(indexer, 1500);
		assert_int_equal(total(&corpus), 1500);
	}
	corpus_free(&corpus);
}

static void
it_goes_on_where_it_ended(void **state)
{
	struct corpus corpus;
	struct indexer *indexer;
	struct indexer_state before, after;

	(void)state;
	corpus_make(&corpus, 9000, 2);
	indexer = start(&corpus, 5000);
	before = wait_until(indexer, 5000);
	indexer_free(indexer);
	indexer = start(&corpus, 9000);
	after = wait_until(indexer, 9000);
	assert_int_equal(after.generation, before.generation);
	assert_memory_equal(after.index_hash, corpus.maker.hash, SHA256_BYTES);
	assert_int_equal(total(&corpus), 9000);
	indexer_free(indexer);
	corpus_free(&corpus);
}

static void
what_retention_took_is_not_counted_any_more(void **state)
{
	struct corpus corpus;

	(void)state;
	corpus_make(&corpus, 6000, 4);
	{
		cleanup(indexer_freep) struct indexer *indexer =
		    start(&corpus, 5000);

		wait_until(indexer, 5000);
		assert_int_equal(total(&corpus), 5000);
		/* Within a sealed block. */
		indexer_forget(indexer, 3001);
		indexer_durable(indexer, 6000);
		wait_until(indexer, 6000);
		assert_int_equal(total(&corpus), 3000);
	}
	corpus_free(&corpus);
}

/* The one number that a question to the index gives. */
static int
ask_number(struct corpus *corpus, const char *question)
{
	struct error err = { 0 };
	struct database *database =
	    database_open(corpus->database, DATABASE_READ, &err);
	sqlite3_stmt *stmt;
	int number;

	assert_non_null(database);
	assert_int_equal(sqlite3_prepare_v2(database_handle(database), question,
			     -1, &stmt, NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	number = sqlite3_column_int(stmt, 0);
	sqlite3_finalize(stmt);
	database_close(database);
	return number;
}

static void
wait_for_number(struct corpus *corpus, const char *question, int number)
{
	usec_t end = clock_monotonic(&clock_system) + DEADLINE;

	while (ask_number(corpus, question) != number)
		assert_true(clock_monotonic(&clock_system) < end);
}

static void
what_went_while_the_daemon_was_away_is_taken_out(void **state)
{
	char name[LOGFILE_NAME_SIZE], path[128];
	struct corpus corpus;
	struct indexer *indexer;

	(void)state;
	corpus_make(&corpus, 40000, 4);
	indexer = start(&corpus, 40000);
	wait_until(indexer, 40000);
	indexer_free(indexer);
	logfile_name(MAKER_DAY, 1, name);
	snprintf(path, sizeof(path), "%s/%s", corpus.maker.dir, name);
	assert_int_equal(unlink(path), 0);
	indexer = start(&corpus, 40000);
	wait_for_number(&corpus, "SELECT count(*) FROM file", 3);
	assert_int_equal(
	    ask_number(&corpus, "SELECT min(seq) FROM entry"), 10001);
	assert_int_equal(total(&corpus), 30000);
	/* And while it runs, though nothing new comes. */
	logfile_name(MAKER_DAY + USEC_PER_DAY, 1, name);
	snprintf(path, sizeof(path), "%s/%s", corpus.maker.dir, name);
	assert_int_equal(unlink(path), 0);
	indexer_forget(indexer, 20001);
	wait_for_number(&corpus, "SELECT count(*) FROM file", 2);
	assert_int_equal(
	    ask_number(&corpus, "SELECT min(seq) FROM entry"), 20001);
	assert_int_equal(total(&corpus), 20000);
	indexer_free(indexer);
	corpus_free(&corpus);
}

static void
reindex_builds_the_same_under_another_generation(void **state)
{
	struct corpus corpus;
	struct indexer *indexer;
	struct indexer_state before, after;

	(void)state;
	corpus_make(&corpus, 3000, 3);
	indexer = start(&corpus, 3000);
	before = wait_until(indexer, 3000);
	indexer_reindex(indexer);
	after = wait_until(indexer, 3000);
	assert_int_not_equal(after.generation, before.generation);
	assert_int_equal(total(&corpus), 3000);
	indexer_free(indexer);
	corpus_free(&corpus);
}

static size_t
count_files(const char *folder, const char *part)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	size_t count = 0;

	while ((entry = readdir(dir)) != NULL)
		count += strstr(entry->d_name, part) != NULL;
	closedir(dir);
	return count;
}

/* Else it is as whole as its write-ahead log. */
static int
truncate_log(struct corpus *corpus)
{
	char path[sizeof(corpus->database) + 4];

	snprintf(path, sizeof(path), "%s-wal", corpus->database);
	return truncate(path, 0);
}

static void
a_database_deleted_under_the_daemon_is_built_again(void **state)
{
	struct corpus corpus;
	struct indexer *indexer;

	(void)state;
	corpus_make(&corpus, 3000, 4);
	indexer = start(&corpus, 2000);
	wait_until(indexer, 2000);
	assert_int_equal(unlink(corpus.database), 0);
	indexer_durable(indexer, 3000);
	wait_until(indexer, 3000);
	assert_int_equal(total(&corpus), 3000);
	indexer_free(indexer);
	corpus_free(&corpus);
}

static void
a_damaged_database_is_kept_aside_and_built_again(void **state)
{
	struct corpus corpus;
	struct indexer *indexer;
	struct indexer_state before, after;

	(void)state;
	corpus_make(&corpus, 3000, 4);
	indexer = start(&corpus, 3000);
	before = wait_until(indexer, 3000);
	indexer_free(indexer);
	maker_patch(&corpus.maker, "kruxos.db", 0, "xxxxxxxx", 8);
	assert_int_equal(truncate_log(&corpus), 0);
	indexer = start(&corpus, 3000);
	after = wait_until(indexer, 3000);
	assert_int_not_equal(after.generation, before.generation);
	assert_int_equal(total(&corpus), 3000);
	assert_int_equal(
	    count_files(corpus.maker.dir, "kruxos.db.damaged-"), 3);
	indexer_free(indexer);
	corpus_free(&corpus);
}

static struct database *
lock(struct corpus *corpus)
{
	struct error err = { 0 };
	struct database *database =
	    database_open(corpus->database, DATABASE_WRITE_LATER, &err);

	assert_non_null(database);
	assert_int_equal(database_run(database, "BEGIN IMMEDIATE", &err), 0);
	return database;
}

static void
a_locked_database_is_no_failure_but_the_lag_shows(void **state)
{
	struct corpus corpus;
	struct indexer *indexer;
	struct database *other;

	(void)state;
	corpus_make(&corpus, 1000, 4);
	indexer = start(&corpus, 500);
	wait_until(indexer, 500);
	other = lock(&corpus);
	indexer_durable(indexer, 1000);
	wait_for_word(indexer, STATUS_INDEX_CATCHING_UP, "locked");
	assert_int_equal(total(&corpus), 500);
	database_close(other);
	wait_until(indexer, 1000);
	assert_int_equal(total(&corpus), 1000);
	indexer_free(indexer);
	corpus_free(&corpus);
}

static void
what_cannot_be_opened_is_taken_up_when_the_cause_is_gone(void **state)
{
	static const char *const planted[] = { "", "-wal", "-shm" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		char path[sizeof(((struct corpus *)NULL)->database) + 8];
		struct corpus corpus;
		struct indexer *indexer;

		corpus_make(&corpus, 500, 4);
		snprintf(
		    path, sizeof(path), "%s%s", corpus.database, planted[i]);
		assert_int_equal(mkdir(path, 0700), 0);
		if (i == 0) /* it is put aside, and that is all */
			wait_until(indexer = start(&corpus, 500), 500);
		else
			wait_for_word(indexer = start(&corpus, 500),
			    STATUS_INDEX_FAILING, "kruxos.db");
		(void)rmdir(path);
		wait_until(indexer, 500);
		assert_int_equal(total(&corpus), 500);
		indexer_free(indexer);
		corpus_free(&corpus);
	}
}

static void
files_replaced_under_the_daemon_are_put_aside(void **state)
{
	static const char *const replaced[] = { "", "-wal", "-shm" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		char path[sizeof(((struct corpus *)NULL)->database) + 8];
		struct corpus corpus;
		struct indexer *indexer;

		corpus_make(&corpus, 600, 4);
		indexer = start(&corpus, 500);
		wait_until(indexer, 500);
		snprintf(
		    path, sizeof(path), "%s%s", corpus.database, replaced[i]);
		assert_int_equal(unlink(path), 0);
		fclose(fopen(path, "w"));
		indexer_durable(indexer, 600);
		wait_until(indexer, 600);
		assert_int_equal(total(&corpus), 600);
		assert_true(count_files(corpus.maker.dir, "damaged-") > 0);
		indexer_free(indexer);
		corpus_free(&corpus);
	}
}

static void
an_index_that_cannot_be_emptied_stays_and_that_is_said(void **state)
{
	struct corpus corpus;
	struct indexer *indexer;
	struct indexer_state before, after;
	struct database *other;
	usec_t end = clock_monotonic(&clock_system) + DEADLINE;

	(void)state;
	corpus_make(&corpus, 500, 4);
	indexer = start(&corpus, 500);
	before = wait_until(indexer, 500);
	other = lock(&corpus);
	indexer_reindex(indexer);
	do {
		indexer_get(indexer, &after);
		assert_true(clock_monotonic(&clock_system) < end);
	} while (after.refusal[0] == '\0');
	assert_non_null(strstr(after.refusal, "locked"));
	database_close(other);
	after = wait_until(indexer, 500);
	assert_int_equal(after.generation, before.generation);
	assert_int_equal(total(&corpus), 500);
	indexer_reindex(indexer);
	after = wait_until(indexer, 500);
	assert_string_equal(after.refusal, "");
	assert_int_not_equal(after.generation, before.generation);
	indexer_free(indexer);
	corpus_free(&corpus);
}

static void
an_index_of_another_log_is_built_again(void **state)
{
	struct corpus one, other;
	struct indexer *indexer;

	(void)state;
	corpus_make(&one, 800, 5);
	corpus_make(&other, 900, 6);
	indexer = start(&one, 800);
	wait_until(indexer, 800);
	indexer_free(indexer);
	assert_int_equal(rename(one.database, other.database), 0);
	indexer = start(&other, 900);
	wait_until(indexer, 900);
	assert_int_equal(total(&other), 900);
	indexer_free(indexer);
	corpus_free(&one);
	corpus_free(&other);
}

static void
an_index_that_leads_the_log_is_built_again(void **state)
{
	struct corpus corpus;
	struct indexer *indexer;
	struct buf path = BUF_INIT;

	(void)state;
	corpus_make(&corpus, 800, 7);
	indexer = start(&corpus, 800);
	wait_until(indexer, 800);
	indexer_free(indexer);
	buf_addf(&path, "%s/%s", corpus.maker.dir, corpus.maker.file);
	assert_int_equal(unlink(path.data), 0);
	buf_free(&path);
	indexer = start(&corpus, 600);
	wait_until(indexer, 600);
	assert_int_equal(total(&corpus), 600);
	indexer_free(indexer);
	corpus_free(&corpus);
}

/* The place of line `seq` in the last file: its offset. */
static uint64_t
offset_in_last_file(struct corpus *corpus, uint64_t seq)
{
	uint64_t offset = 0, at = seq;

	while (!slice_is(corpus->entries[at - 1].capability, "log.open"))
		offset += corpus->lines[--at - 1].len + 1;
	return offset;
}

static void
damaged_lines_are_left_out_and_the_rest_is_indexed(void **state)
{
	struct corpus corpus;
	struct indexer *indexer;

	(void)state;
	corpus_make(&corpus, 1000, 8);
	/* A line that is none; a seq far ahead; one far behind; the last. */
	maker_patch(&corpus.maker, corpus.maker.file,
	    offset_in_last_file(&corpus, 800), "x", 1);
	maker_patch(&corpus.maker, corpus.maker.file,
	    offset_in_last_file(&corpus, 850) + 7, "950", 3);
	maker_patch(&corpus.maker, corpus.maker.file,
	    offset_in_last_file(&corpus, 860) + 7, "001", 3);
	maker_patch(&corpus.maker, corpus.maker.file,
	    offset_in_last_file(&corpus, 870) + 7, "999", 3);
	indexer = start(&corpus, 900);
	wait_until(indexer, 900);
	assert_int_equal(total(&corpus), 896);
	indexer_durable(indexer, 1000);
	wait_until(indexer, 1000);
	assert_int_equal(total(&corpus), 996);
	indexer_free(indexer);
	corpus_free(&corpus);
}

static void
check_while_indexing(struct corpus *corpus, struct store *store, unsigned round)
{
	static const char *const questions[][2] = { { "agent_name", "agent-0" },
		{ "capability", "filesystem.*" }, { "status", "-success" },
		{ "q", "word7" }, { NULL } };
	const char *const *question = questions[round % 5];
	cleanup(arena_free) struct arena arena = ARENA_INIT;
	struct search search = { .filter = FILTER_INIT, .limit = 5 };
	struct search_page page;
	struct error err = { 0 };
	uint64_t expected = 0;

	if (question[0] != NULL && strcmp(question[0], "q") == 0)
		filter_set_q(
		    &search.filter, &arena, slice_of(question[1]), &err);
	else if (question[0] != NULL)
		filter_add(&search.filter, &arena, question[0],
		    slice_of(question[1]), &err);
	if (search_page(store, &search, &arena, &page, &err) == -1)
		fail_msg("%s", err.sentence);
	for (uint64_t i = 0; i < page.through_seq; i++)
		expected += filter_matches(
		    &search.filter, &corpus->entries[i], corpus->lines[i]);
	assert_int_equal(page.total, expected);
}

static void
searches_are_right_while_blocks_are_sealed_under_them(void **state)
{
	struct corpus corpus;
	struct indexer *indexer;
	struct store *store;
	unsigned round = 0;

	(void)state;
	corpus_make(&corpus, 140000, 10);
	indexer = start(&corpus, 1);
	wait_until(indexer, 1);
	store = store_open(corpus.database, corpus.maker.dir);
	/* Small steps, so that the tail, recent blocks and the merge of
	 * sixteen are all met half done. */
	for (uint64_t durable = 60000; durable < 140000; durable += 777) {
		indexer_durable(indexer, durable);
		check_while_indexing(&corpus, store, round++);
	}
	indexer_durable(indexer, 140000);
	wait_until(indexer, 140000);
	for (unsigned i = 0; i < 5; i++)
		check_while_indexing(&corpus, store, i);
	store_close(store);
	indexer_free(indexer);
	corpus_free(&corpus);
}

static void
without_a_folder_it_is_not_made(void **state)
{
	struct error err = { 0 };

	(void)state;
	assert_null(
	    indexer_new("/nonexistent", "/nonexistent", &clock_system, &err));
	assert_int_equal(err.code, ERROR_SYSTEM);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_durable_is_indexed_and_nothing_beyond),
		cmocka_unit_test(it_goes_on_where_it_ended),
		cmocka_unit_test(what_retention_took_is_not_counted_any_more),
		cmocka_unit_test(
		    what_went_while_the_daemon_was_away_is_taken_out),
		cmocka_unit_test(
		    reindex_builds_the_same_under_another_generation),
		cmocka_unit_test(
		    a_damaged_database_is_kept_aside_and_built_again),
		cmocka_unit_test(
		    a_database_deleted_under_the_daemon_is_built_again),
		cmocka_unit_test(
		    a_locked_database_is_no_failure_but_the_lag_shows),
		cmocka_unit_test(
		    what_cannot_be_opened_is_taken_up_when_the_cause_is_gone),
		cmocka_unit_test(files_replaced_under_the_daemon_are_put_aside),
		cmocka_unit_test(
		    an_index_that_cannot_be_emptied_stays_and_that_is_said),
		cmocka_unit_test(an_index_of_another_log_is_built_again),
		cmocka_unit_test(an_index_that_leads_the_log_is_built_again),
		cmocka_unit_test(
		    damaged_lines_are_left_out_and_the_rest_is_indexed),
		cmocka_unit_test(
		    searches_are_right_while_blocks_are_sealed_under_them),
		cmocka_unit_test(without_a_folder_it_is_not_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
