#include "collectors/kruxosd/scrub_pass.c"

#include "tests/unit/corpus.h"

#include "base/crc32c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/stat.h>

static bool
never(void *context)
{
	(void)context;
	return false;
}

static bool
always(void *context)
{
	(void)context;
	return true;
}

static int
scrub(struct corpus *corpus, struct error *err)
{
	uint64_t generation;

	*err = (struct error){ 0 };
	return scrub_pass(
	    corpus->database, corpus->maker.dir, never, NULL, &generation, err);
}

static void
run(struct corpus *corpus, const char *sql)
{
	struct error err = { 0 };
	struct database *database =
	    database_open(corpus->database, DATABASE_WRITE_LATER, &err);

	assert_non_null(database);
	if (database_run(database, sql, &err) == -1)
		fail_msg("%s", err.sentence);
	database_close(database);
}

static void
an_index_as_it_was_made_is_what_the_log_says(void **state)
{
	static const size_t sizes[] = { 0, 1, 4000, 70000, 140000 };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct corpus corpus;
		struct error err;

		corpus_make(&corpus, sizes[i], 3);
		corpus_index(&corpus);
		if (scrub(&corpus, &err) == -1)
			fail_msg("%zu: %s", sizes[i], err.sentence);
		corpus_free(&corpus);
	}
}

static void
whatever_differs_from_the_log_is_named(void **state)
{
	static const struct {
		const char *change, *undo, *words;
	} cases[] = {
		{ "UPDATE entry SET time = time + 1 WHERE seq = 5000",
		    "UPDATE entry SET time = time - 1 WHERE seq = 5000",
		    "entry 5000" },
		{ "UPDATE extent SET last_seq = last_seq - 512",
		    "UPDATE extent SET last_seq = last_seq + 512",
		    "its rows are not" },
		{ "UPDATE extent SET first_seq = 513",
		    "UPDATE extent SET first_seq = 1", "its rows are not" },
		{ "UPDATE entry SET offset = offset + 1 WHERE seq = 7",
		    "UPDATE entry SET offset = offset - 1 WHERE seq = 7",
		    "entry 7 " },
		{ "UPDATE entry SET actor = actor + 1 WHERE seq = 70000",
		    "UPDATE entry SET actor = actor - 1 WHERE seq = 70000",
		    "entry 70000" },
		{ "UPDATE entry SET seq = 900000 WHERE seq = 69999",
		    "UPDATE entry SET seq = 69999 WHERE seq = 900000",
		    "its rows are not" },
		{ "UPDATE segment SET count = count + 1 WHERE id = "
		  "(SELECT max(id) FROM segment)",
		    "UPDATE segment SET count = count - 1 WHERE id = "
		    "(SELECT max(id) FROM segment)",
		    "the segment" },
		{ "UPDATE recent_segment SET count = count + 1 WHERE id = "
		  "(SELECT max(id) FROM recent_segment)",
		    "UPDATE recent_segment SET count = count - 1 WHERE id = "
		    "(SELECT max(id) FROM recent_segment)",
		    "the segment" },
		{ "INSERT INTO segment VALUES ((1 << 60) | (77777 << 28), 1, x'00')",
		    "DELETE FROM segment WHERE id = (1 << 60) | (77777 << 28)",
		    "segments, not" },
		{ "UPDATE block SET max_time = max_time + 1",
		    "UPDATE block SET max_time = max_time - 1", "the block" },
		{ "UPDATE block SET recorded_at = recorded_at + 1",
		    "UPDATE block SET recorded_at = recorded_at - 1",
		    "the block" },
		{ "UPDATE call SET id = -id WHERE id = (SELECT max(id) FROM "
		  "call)",
		    "UPDATE call SET id = -id WHERE id < 0", "calls" },
		{ "UPDATE actor SET success = success + 4 WHERE id = 3",
		    "UPDATE actor SET success = success - 4 WHERE id = 3",
		    "actors" },
		{ "UPDATE share SET last_seen = last_seen + 1 WHERE session "
		  "!= 0",
		    "UPDATE share SET last_seen = last_seen - 1 WHERE session "
		    "!= 0",
		    "sessions" },
		{ "UPDATE actor SET last_capability = last_capability + 1",
		    "UPDATE actor SET last_capability = last_capability - 1",
		    "actors" },
		{ "UPDATE session_use SET started_at = started_at + 1",
		    "UPDATE session_use SET started_at = started_at - 1",
		    "sessions" },
		{ "UPDATE approval SET asked_at = asked_at + 1",
		    "UPDATE approval SET asked_at = asked_at - 1",
		    "approvals" },
		{ "UPDATE session SET name = 't' || name WHERE id = 3",
		    "UPDATE session SET name = substr(name, 2) WHERE id = 3",
		    "entry" },
	};
	struct corpus corpus;
	struct error err;

	(void)state;
	corpus_make(&corpus, 71000, 5);
	corpus_index(&corpus);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		run(&corpus, cases[i].change);
		if (scrub(&corpus, &err) == 0)
			fail_msg("%s: not found", cases[i].change);
		assert_int_equal(err.code, ERROR_CORRUPT);
		if (strstr(err.sentence, cases[i].words) == NULL)
			fail_msg("%s: %s", cases[i].change, err.sentence);
		run(&corpus, cases[i].undo);
		if (scrub(&corpus, &err) == -1)
			fail_msg("%s: %s", cases[i].undo, err.sentence);
	}
	corpus_free(&corpus);
}

static void
a_line_that_does_not_hold_proves_nothing(void **state)
{
	struct corpus corpus;
	struct error err;

	(void)state;
	corpus_make(&corpus, 1000, 6);
	corpus_index(&corpus);
	/* A status, a seq, the whole end of the last file. */
	maker_patch(&corpus.maker, corpus.maker.file, 3000, "\"\"\"", 3);
	maker_patch(&corpus.maker, corpus.maker.file, 7000, "xxxx", 4);
	maker_patch(&corpus.maker, corpus.maker.file, corpus.maker.bytes - 1000,
	    "\n\n\n", 3);
	if (scrub(&corpus, &err) == -1)
		fail_msg("%s", err.sentence);
	corpus_free(&corpus);
}

/* All that the tables say which answers are counted from. */
static uint32_t
sum_tables(struct corpus *corpus, bool *ret_is_readable)
{
	static const char *const questions[] = { "SELECT * FROM entry",
		"SELECT * FROM segment", "SELECT * FROM block",
		"SELECT * FROM recent_segment", "SELECT * FROM recent_block",
		"SELECT * FROM call",
		"SELECT id, type, name, success, denied FROM actor",
		"SELECT * FROM file" };
	struct error err = { 0 };
	struct database *database =
	    database_open(corpus->database, DATABASE_READ, &err);
	uint32_t sum = 0;
	int result = database == NULL ? SQLITE_CORRUPT : SQLITE_DONE;

	for (size_t i = 0; i < 8 && result == SQLITE_DONE; i++) {
		sqlite3_stmt *stmt = NULL;

		result = sqlite3_prepare_v2(
		    database_handle(database), questions[i], -1, &stmt, NULL);
		while (result == SQLITE_OK || result == SQLITE_ROW) {
			result = sqlite3_step(stmt);
			for (int column = 0;
			     result == SQLITE_ROW &&
			     column < sqlite3_column_count(stmt);
			     column++) {
				const char *bytes =
				    sqlite3_column_blob(stmt, column);

				sum = crc32c(sum,
				    (struct slice){ bytes == NULL ? "" : bytes,
					(size_t)sqlite3_column_bytes(
					    stmt, column) });
			}
		}
		sqlite3_finalize(stmt);
	}
	database_close(database);
	*ret_is_readable = result == SQLITE_DONE;
	return sum;
}

static void
flip(struct corpus *corpus, uint64_t bit)
{
	FILE *file = fopen(corpus->database, "r+");
	int byte;

	assert_non_null(file);
	fseek(file, (long)(bit / 8), SEEK_SET);
	byte = fgetc(file);
	fseek(file, (long)(bit / 8), SEEK_SET);
	fputc(byte ^ 1 << bit % 8, file);
	fclose(file);
}

/* Flip so many bits of an index of so many entries, each alone; returns how
 * many of them were found. */
static unsigned
flip_bits(size_t entries, unsigned flips)
{
	struct corpus corpus;
	struct error err = { 0 };
	struct database *database;
	struct stat file;
	unsigned found = 0;
	uint32_t sum;
	bool is_readable;

	corpus_make(&corpus, entries, 7);
	corpus_index(&corpus);
	database = database_open(corpus.database, DATABASE_WRITE, &err);
	assert_int_equal(
	    database_run(database, "PRAGMA wal_checkpoint(TRUNCATE)", &err), 0);
	database_close(database);
	assert_int_equal(stat(corpus.database, &file), 0);
	sum = sum_tables(&corpus, &is_readable);
	assert_true(is_readable);
	for (unsigned i = 0; i < flips; i++) {
		uint64_t bit =
		    corpus_random(&corpus, (uint64_t)file.st_size * 8);
		bool is_whole;

		flip(&corpus, bit);
		is_whole = scrub(&corpus, &err) == 0;
		found += !is_whole;
		if (is_whole &&
		    (sum_tables(&corpus, &is_readable) != sum || !is_readable))
			fail_msg("bit %llu of %llu: not found",
			    (unsigned long long)bit,
			    (unsigned long long)file.st_size * 8);
		flip(&corpus, bit);
	}
	assert_int_equal(scrub(&corpus, &err), 0);
	corpus_free(&corpus);
	return found;
}

static void
a_flipped_bit_is_found_or_changes_no_answer(void **state)
{
	(void)state;
	/* Most of the file is rows and bits. */
	assert_true(flip_bits(66000, 12) > 4);
	assert_true(flip_bits(9000, 100) > 40);
}

static void
it_stops_when_it_is_asked_to(void **state)
{
	struct corpus corpus;
	struct error err = { 0 };
	uint64_t generation;

	(void)state;
	corpus_make(&corpus, 100, 6);
	corpus_index(&corpus);
	assert_int_equal(scrub_pass(corpus.database, corpus.maker.dir, always,
			     NULL, &generation, &err),
	    -1);
	assert_int_equal(err.code, ERROR_BUSY);
	corpus_free(&corpus);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_index_as_it_was_made_is_what_the_log_says),
		cmocka_unit_test(whatever_differs_from_the_log_is_named),
		cmocka_unit_test(a_line_that_does_not_hold_proves_nothing),
		cmocka_unit_test(a_flipped_bit_is_found_or_changes_no_answer),
		cmocka_unit_test(it_stops_when_it_is_asked_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
