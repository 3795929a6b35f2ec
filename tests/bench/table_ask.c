/* How long SQLite takes to answer, from the table that table_load made.
 *
 *	build/bench/table_ask DATABASE <STATEMENTS
 *
 * All statements, one a line, are one question, asked many times; the last of
 * them says a total. One JSON object on stdout: the total, and how long an
 * answer took, its rows read to the end.
 */
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json_writer.h"

#include <errno.h>

#include <sqlite3.h>

enum { RUNS = 100, RUNS_LEAST = 5, STATEMENTS_MAX = 8 };

/* A question that takes long is asked less often. */
#define PATIENCE (10 * USEC_PER_SEC)

static _Noreturn void
end(const char *sentence)
{
	fprintf(stderr, "table_ask: %s\n", sentence);
	exit(1);
}

static sqlite3 *
open_database(const char *path)
{
	sqlite3 *db;

	/* A cache as large as PostgreSQL gets, and its way to compare. */
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) !=
		SQLITE_OK ||
	    sqlite3_exec(db,
		"PRAGMA cache_size = -524288;"
		"PRAGMA case_sensitive_like = ON",
		NULL, NULL, NULL) != SQLITE_OK)
		end(sqlite3_errmsg(db));
	return db;
}

static size_t
prepare(sqlite3 *db, sqlite3_stmt *statements[static STATEMENTS_MAX])
{
	char *line = NULL;
	size_t room = 0, count = 0;

	while (count < STATEMENTS_MAX && getline(&line, &room, stdin) != -1)
		if (sqlite3_prepare_v2(
			db, line, -1, &statements[count++], NULL) != SQLITE_OK)
			end(sqlite3_errmsg(db));
	free(line);
	if (count == 0)
		end("nothing is asked");
	return count;
}

/* Read its rows, all of them; the first column of the last is returned. */
static sqlite3_int64
read_rows(sqlite3 *db, sqlite3_stmt *statement)
{
	sqlite3_int64 value = 0;
	int result;

	while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
		for (int i = 1; i < sqlite3_column_count(statement); i++)
			sqlite3_column_text(statement, i);
		value = sqlite3_column_int64(statement, 0);
	}
	if (result != SQLITE_DONE)
		end(sqlite3_errmsg(db));
	sqlite3_reset(statement);
	return value;
}

static int
by_value(const void *a, const void *b)
{
	usec_t left = *(const usec_t *)a, right = *(const usec_t *)b;

	return (left > right) - (left < right);
}

static void
print(sqlite3_int64 total, usec_t *took, size_t runs)
{
	cleanup(buf_free) struct buf out = BUF_INIT;
	struct json_writer json;

	qsort(took, runs, sizeof(*took), by_value);
	json_writer_init(&json, &out);
	json_writer_object(&json);
	json_writer_pair_u64(&json, "total", (uint64_t)total);
	json_writer_pair_u64(&json, "runs", runs);
	json_writer_pair_u64(&json, "p50_us", took[runs / 2]);
	json_writer_pair_u64(&json, "p99_us", took[runs * 99 / 100]);
	json_writer_end_object(&json);
	puts(out.data);
}

int
main(int argc, char **argv)
{
	sqlite3_stmt *statements[STATEMENTS_MAX];
	sqlite3_int64 total = 0;
	usec_t took[RUNS];
	usec_t begin = clock_monotonic(&clock_system);
	size_t count, runs = 0;
	sqlite3 *db;

	if (argc != 2) {
		fprintf(stderr, "usage: table_ask DATABASE <STATEMENTS\n");
		return 64;
	}
	db = open_database(argv[1]);
	count = prepare(db, statements);
	for (size_t i = 0; i < count; i++) /* from the disk into the cache */
		read_rows(db, statements[i]);
	while (runs < RUNS_LEAST ||
	       (runs < RUNS &&
		   clock_monotonic(&clock_system) - begin < PATIENCE)) {
		usec_t asked = clock_monotonic(&clock_system);

		for (size_t i = 0; i < count; i++)
			total = read_rows(db, statements[i]);
		took[runs++] = clock_monotonic(&clock_system) - asked;
	}
	print(total, took, runs);
	for (size_t i = 0; i < count; i++)
		sqlite3_finalize(statements[i]);
	sqlite3_close(db);
	return 0;
}
