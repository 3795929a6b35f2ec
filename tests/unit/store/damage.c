/* One flipped bit anywhere in kruxos.db: no search crashes, and no line is
 * shown that is not the one asked for. Totals may be wrong until the scrub
 * finds out, so they are not compared here. */
#include "tests/unit/corpus.h"

#include "store/agents.h"
#include "store/approvals.h"
#include "store/search.h"
#include "store/sessions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* As many as FLIPS in the environment says. */
static int
count_flips(int usual)
{
	const char *flips = getenv("FLIPS");

	return flips == NULL ? usual : (int)strtol(flips, NULL, 10);
}

static struct corpus corpus;
static struct buf whole = BUF_INIT; /* the database, undamaged */

/* All of the database in its one file. */
static int
make_database(void **state)
{
	struct error err = { 0 };
	struct database *database;
	int fd;

	(void)state;
	corpus_make(&corpus, 70000, 11);
	corpus_index(&corpus);
	database = database_open(corpus.database, DATABASE_WRITE_LATER, &err);
	if (database == NULL ||
	    database_run(database, "PRAGMA wal_checkpoint(TRUNCATE)", &err) ==
		-1)
		return -1;
	database_close(database);
	fd = open(corpus.database, O_RDONLY | O_CLOEXEC);
	buf_reserve(&whole, 16 << 20);
	buf_set_len(&whole, (size_t)read(fd, whole.data, 16 << 20));
	close(fd);
	return 0;
}

static int
free_database(void **state)
{
	(void)state;
	buf_free(&whole);
	corpus_free(&corpus);
	return 0;
}

static void
flip(uint64_t bit)
{
	int fd = open(corpus.database, O_WRONLY | O_CLOEXEC);
	char byte = (char)(whole.data[bit / 8] ^ 1 << bit % 8);

	assert_int_equal(pwrite(fd, &byte, 1, (off_t)(bit / 8)), 1);
	close(fd);
}

static void
mend(uint64_t bit)
{
	int fd = open(corpus.database, O_WRONLY | O_CLOEXEC);

	assert_int_equal(
	    pwrite(fd, &whole.data[bit / 8], 1, (off_t)(bit / 8)), 1);
	close(fd);
}

/* What is shown is a line of the log, under its own seq. */
static void
check_line(void *context, const struct store_place *place,
    const struct entry *entry, struct slice line)
{
	(void)context;
	assert_int_equal(entry->seq, place->seq);
	assert_in_range(entry->seq, 1, corpus.count);
	assert_true(slice_equal(line, corpus.lines[entry->seq - 1]));
}

static void
check_page(struct store *store, const struct search_page *page)
{
	struct error err = { 0 };

	assert_int_equal(store_read_all(store, page->places, page->count,
			     check_line, NULL, &err),
	    0);
}

static void
ask_everything(struct store *store)
{
	static const char *const questions[][2] = { { "agent_name", "agent-0" },
		{ "status", "-success" }, { "capability", "mcp.*" },
		{ "session_id", "s-900" }, { "call_id", "c-17" },
		{ "policy_tier", "notify" } };
	cleanup(arena_free) struct arena arena = ARENA_INIT;
	struct error err = { 0 };
	struct search_page page;
	struct agent_list agents;
	struct session_list sessions;
	struct approval_list approvals;

	for (size_t i = 0; i < sizeof(questions) / sizeof(*questions); i++) {
		struct search search = { .filter = FILTER_INIT, .limit = 20 };
		struct search_stats stats;
		struct search_histogram histogram;

		assert_int_equal(
		    filter_add(&search.filter, &arena, questions[i][0],
			slice_of(questions[i][1]), &err),
		    0);
		if (search_page(store, &search, &arena, &page, &err) == 0)
			check_page(store, &page);
		search.filter.from = MAKER_DAY;
		search.filter.to = MAKER_DAY + 5 * USEC_PER_DAY;
		(void)search_stats(store, &search, &arena, &stats, &err);
		(void)search_histogram(
		    store, &search, USEC_PER_HOUR, &arena, &histogram, &err);
	}
	(void)agents_list(store, ENTRY_AGENT, 0, 50, &arena, &agents, &err);
	(void)sessions_list(
	    store, (struct slice){ NULL, 0 }, 0, 50, &arena, &sessions, &err);
	(void)approvals_list(store, 0xf, 0, 50, &arena, &approvals, &err);
}

static void
a_flipped_bit_never_crashes_and_never_shows_a_wrong_line(void **state)
{
	int flips = count_flips(120);

	(void)state;
	for (int round = 0; round < flips; round++) {
		uint64_t bit = corpus_random(&corpus, whole.len * 8);
		struct store *store;

		/* Every fourth in the first pages: schema and roots. */
		if (round % 4 == 0)
			bit %= 16 * 4096 * 8;
		flip(bit);
		store = store_open(corpus.database, corpus.maker.dir);
		ask_everything(store);
		store_close(store);
		mend(bit);
	}
}

static void
mend_all(void)
{
	static const char *const suffixes[] = { "", "-wal", "-shm" };
	char path[sizeof(corpus.database) + 4];
	int fd;

	for (size_t i = 0; i < 3; i++) {
		snprintf(
		    path, sizeof(path), "%s%s", corpus.database, suffixes[i]);
		unlink(path);
	}
	fd = open(corpus.database, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, whole.data, whole.len), whole.len);
	close(fd);
}

/* Index what stands in the log behind it, which seals two blocks. */
static int
index_more(struct error *err)
{
	struct index_writer *writer = index_writer_open(corpus.database, err);
	struct entry entry;
	int result = writer == NULL ? -1 : index_writer_begin(writer, err);

	for (size_t i = 0; i < 70000 && result == 0; i++) {
		entry = corpus.entries[i];
		entry.seq = index_writer_extent(writer)->last_seq + 1;
		result = index_writer_add(
		    writer, &entry, SLICE_LITERAL("2026-11-26.jsonl"), i, err);
	}
	if (result == 0)
		result = index_writer_commit(writer, err);
	index_writer_close(writer);
	return result;
}

static void
a_writer_meets_a_flipped_bit_with_an_error_at_worst(void **state)
{
	int flips = count_flips(120) / 20;

	(void)state;
	for (int round = 0; round < flips; round++) {
		uint64_t bit = corpus_random(&corpus, whole.len * 8);
		struct error err = { 0 };

		if (round % 4 == 0)
			bit %= 16 * 4096 * 8;
		flip(bit);
		if (index_more(&err) == -1)
			assert_int_not_equal(err.code, ERROR_NONE);
		mend_all();
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_flipped_bit_never_crashes_and_never_shows_a_wrong_line),
		cmocka_unit_test(
		    a_writer_meets_a_flipped_bit_with_an_error_at_worst),
	};

	return cmocka_run_group_tests(tests, make_database, free_database);
}
