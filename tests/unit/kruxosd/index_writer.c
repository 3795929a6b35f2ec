#include "collectors/kruxosd/index_writer.c"

#include "tests/unit/corpus.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

DEFINE_CLEANUP(struct index_writer *, index_writer_close);

enum { FILES = 4 };

/* A log of FILES files, each with an agent, a capability and an approval of
 * its own; `firsts` are their first seqs. */
static void
make_log(struct corpus *corpus, size_t entries_each, uint64_t firsts[FILES])
{
	*corpus = (struct corpus){ .chance = 4711, .arena = ARENA_INIT };
	maker_init(&corpus->maker);
	snprintf(corpus->database, sizeof(corpus->database), "%.63s/kruxos.db",
	    corpus->maker.dir);
	for (uint64_t file = 0; file < FILES; file++) {
		struct entry own;

		maker_open(&corpus->maker, MAKER_DAY + file * USEC_PER_DAY, 1);
		corpus_keep(corpus);
		firsts[file] = corpus->maker.seq;
		own = corpus_entry(corpus);
		own.actor = ENTRY_AGENT;
		own.actor_name = corpus_name(corpus, "only", file);
		own.capability = corpus_name(corpus, "only.once", file);
		own.session_id = corpus_name(corpus, "only-in", file);
		own.call_id = corpus_name(corpus, "open", file);
		own.status = ENTRY_PENDING;
		own.tier = ENTRY_APPROVAL_REQUIRED;
		maker_add(&corpus->maker, own, ",\"request\":{}");
		corpus_keep(corpus);
		corpus_add(corpus, entries_each - 2);
	}
}

/* All that the index says, with names in the place of ids. */
static const char *const questions[] = {
	"SELECT first_seq, last_seq, hex(last_hash), recent_seq, tail_seq "
	"FROM extent",
	"SELECT seq, time, file.name, offset, payload, actor.type, actor.name, "
	"capability.name, session.name, status, kind, duration FROM entry "
	"JOIN file ON file.id = file JOIN actor ON actor.id = actor "
	"JOIN capability ON capability.id = capability "
	"LEFT JOIN session ON session.id = session ORDER BY seq",
	"SELECT first, count, min_time, max_time, recorded_at, hex(times) "
	"FROM block ORDER BY first",
	"SELECT first, count, min_time, max_time, recorded_at, hex(times) "
	"FROM recent_block ORDER BY first",
	/* Behind the checksum, which is of the id too. */
	"SELECT segment.id >> 60 AS dimension, segment.id & 0xfffffff, count, "
	"CASE segment.id >> 60 WHEN 1 THEN actor.type || actor.name "
	"WHEN 2 THEN capability.name WHEN 3 THEN coalesce(session.name, 0) "
	"ELSE segment.id >> 28 & 0xffffffff END AS name, hex(substr(bits, 5)) "
	"FROM segment "
	"LEFT JOIN actor ON actor.id = segment.id >> 28 & 0xffffffff "
	"LEFT JOIN capability ON capability.id = segment.id >> 28 & 0xffffffff "
	"LEFT JOIN session ON session.id = segment.id >> 28 & 0xffffffff "
	"ORDER BY 1, 4, 2",
	"SELECT segment.id >> 60 AS dimension, segment.id & 0xfffffff, count, "
	"CASE segment.id >> 60 WHEN 1 THEN actor.type || actor.name "
	"WHEN 2 THEN capability.name WHEN 3 THEN coalesce(session.name, 0) "
	"ELSE segment.id >> 28 & 0xffffffff END AS name, hex(substr(bits, 5)) "
	"FROM recent_segment AS segment "
	"LEFT JOIN actor ON actor.id = segment.id >> 28 & 0xffffffff "
	"LEFT JOIN capability ON capability.id = segment.id >> 28 & 0xffffffff "
	"LEFT JOIN session ON session.id = segment.id >> 28 & 0xffffffff "
	"ORDER BY 1, 4, 2",
	"SELECT id, hex(calls) FROM call ORDER BY id",
	"SELECT hash, seq FROM recent_call ORDER BY seq",
	"SELECT actor.type, actor.name, first_seen, last_seen, last_seq, "
	"capability.name, success, error, denied, pending, sessions "
	"FROM actor JOIN capability ON capability.id = last_capability "
	"ORDER BY 1, 2",
	"SELECT session.name, actor.type, actor.name, started_at, ended_at, "
	"u.first_seen, u.last_seen, first_seq, u.last_seq, capability.name, "
	"u.success, u.error, u.denied, u.pending FROM session_use AS u "
	"JOIN session ON session.id = session JOIN actor ON actor.id = actor "
	"JOIN capability ON capability.id = u.last_capability ORDER BY 1, 2, 3",
	"SELECT file.name, coalesce(session.name, ''), actor.type, actor.name, "
	"s.started_at, s.ended_at, s.first_seen, s.last_seen, s.first_seq, "
	"s.last_seq, s.success, s.error, s.denied, s.pending, s.sessions "
	"FROM share AS s JOIN file ON file.id = file "
	"LEFT JOIN session ON session.id = session "
	"JOIN actor ON actor.id = s.actor ORDER BY 1, 2, 3, 4",
	"SELECT seq, state, actor.name, session.name, call_id, capability.name, "
	"asked_at, decided_seq, decided_at, decided_by = 0 FROM approval "
	"JOIN actor ON actor.id = actor "
	"JOIN capability ON capability.id = capability "
	"LEFT JOIN session ON session.id = session ORDER BY seq",
	"SELECT name FROM file ORDER BY name",
	"SELECT name FROM capability ORDER BY name",
	"SELECT name FROM session ORDER BY name",
	"SELECT type, name FROM actor ORDER BY 1, 2",
	"SELECT count(*) FROM segment",
	"SELECT count(*) FROM session_use",
	"SELECT count(*) FROM actor",
	"PRAGMA quick_check",
};

static struct buf
ask(struct index_writer *writer, const char *question)
{
	sqlite3 *handle = database_handle(writer->database);
	struct buf answer = BUF_INIT;
	sqlite3_stmt *stmt;

	if (sqlite3_prepare_v2(handle, question, -1, &stmt, NULL) != SQLITE_OK)
		fail_msg("%s: %s", question, sqlite3_errmsg(handle));
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		for (int i = 0; i < sqlite3_column_count(stmt); i++) {
			const char *text =
			    (const char *)sqlite3_column_text(stmt, i);

			buf_addf(&answer, "%s|", text == NULL ? "" : text);
		}
		buf_add_char(&answer, '\n');
	}
	sqlite3_finalize(stmt);
	return answer;
}

static void
assert_same(struct index_writer *one, struct index_writer *other)
{
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		struct buf a = ask(one, questions[i]);
		struct buf b = ask(other, questions[i]);
		size_t at = 0;

		while (at < a.len && at < b.len && a.data[at] == b.data[at])
			at++;
		if (a.len != b.len || at < a.len) {
			at = at > 100 ? at - 100 : 0;
			fail_msg("%s:\n%.300s\nnot\n%.300s", questions[i],
			    a.data + at, b.data + at);
		}
		buf_free(&a);
		buf_free(&b);
	}
}

static void
sweep_all(struct index_writer *writer, uint64_t first_seq)
{
	struct error err = { 0 };
	int more;

	assert_int_equal(index_writer_begin(writer, &err), 0);
	index_writer_forget(writer, first_seq);
	assert_int_equal(index_writer_commit(writer, &err), 0);
	while ((more = index_writer_sweep(writer, &err)) == 1)
		;
	if (more == -1)
		fail_msg("%s", err.sentence);
}

/* An index of what is left of the log, made from nothing. */
static struct index_writer *
make_again(struct corpus *corpus)
{
	struct corpus other = *corpus;
	struct error err = { 0 };
	struct index_writer *writer;

	snprintf(other.database, sizeof(other.database), "%.63s/again.db",
	    corpus->maker.dir);
	(void)unlink(other.database);
	corpus_index(&other);
	writer = index_writer_open(other.database, &err);
	assert_non_null(writer);
	return writer;
}

static void
remove_file(struct corpus *corpus, size_t file)
{
	char name[LOGFILE_NAME_SIZE], path[128];

	logfile_name(MAKER_DAY + file * USEC_PER_DAY, 1, name);
	snprintf(path, sizeof(path), "%s/%s", corpus->maker.dir, name);
	assert_int_equal(unlink(path), 0);
}

static void
check_retention(size_t entries_each)
{
	struct corpus corpus;
	uint64_t firsts[FILES];
	struct error err = { 0 };

	make_log(&corpus, entries_each, firsts);
	corpus_index(&corpus);
	{
		cleanup(index_writer_closep) struct index_writer *kept =
		    index_writer_open(corpus.database, &err);

		assert_non_null(kept);
		for (size_t file = 0; file + 1 < FILES; file++) {
			cleanup(
			    index_writer_closep) struct index_writer *again =
			    NULL;

			/* Both of the last two at once. */
			remove_file(&corpus, file);
			if (file == 1)
				continue;
			sweep_all(kept, firsts[file + 1]);
			again = make_again(&corpus);
			assert_same(kept, again);
		}
	}
	/* Both go on alike, too: what is in memory is right. */
	corpus_add(&corpus, 5000);
	corpus_index(&corpus);
	{
		cleanup(index_writer_closep) struct index_writer *again =
		    make_again(&corpus);
		cleanup(index_writer_closep) struct index_writer *kept =
		    index_writer_open(corpus.database, &err);

		assert_same(kept, again);
	}
	corpus_free(&corpus);
}

static void
what_retention_took_leaves_no_trace_in_sealed_blocks(void **state)
{
	(void)state;
	check_retention(40000);
}

static void
nor_in_the_block_under_way(void **state)
{
	(void)state;
	check_retention(11111);
	check_retention(4096);
}

static void
nor_in_the_tail(void **state)
{
	(void)state;
	check_retention(700);
	check_retention(3);
}

static void
an_index_that_lags_behind_the_logs_beginning_is_emptied(void **state)
{
	struct corpus corpus;
	uint64_t firsts[FILES];
	struct error err = { 0 };

	(void)state;
	make_log(&corpus, 1000, firsts);
	corpus_index(&corpus);
	{
		cleanup(index_writer_closep) struct index_writer *kept =
		    index_writer_open(corpus.database, &err);
		struct buf rows;

		sweep_all(kept, corpus.maker.seq + 100);
		rows = ask(kept, "SELECT (SELECT count(*) FROM entry), "
				 "(SELECT count(*) FROM recent_segment), "
				 "(SELECT count(*) FROM recent_call), "
				 "(SELECT count(*) FROM actor), "
				 "(SELECT count(*) FROM session), "
				 "(SELECT count(*) FROM share), "
				 "(SELECT count(*) FROM file), "
				 "(SELECT count(*) FROM capability)");
		assert_string_equal(rows.data, "0|0|0|0|0|0|0|0|\n");
		buf_free(&rows);
	}
	corpus_free(&corpus);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    what_retention_took_leaves_no_trace_in_sealed_blocks),
		cmocka_unit_test(nor_in_the_block_under_way),
		cmocka_unit_test(nor_in_the_tail),
		cmocka_unit_test(
		    an_index_that_lags_behind_the_logs_beginning_is_emptied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
