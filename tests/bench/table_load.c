/* The log's entries as rows of an ordinary table with four indexes, as somebody
 * would keep them who had no such log: what ours is held against.
 *
 *	build/bench/table_load AUDIT_DIR SEQ DATABASE
 *	build/bench/table_load AUDIT_DIR SEQ
 *
 * The first fills a new SQLite database, and says on stdout how fast; the
 * second writes SQL for psql. A batch of 1,000 entries is a transaction, and
 * durable. Entries behind SEQ are left out: the daemon may have recorded
 * something since it was asked what others are to be asked, too.
 */
#include "base/json_writer.h"
#include "base/number.h"
#include "log/cursor.h"

#include <inttypes.h>

#include <sqlite3.h>

enum { BATCH = 1000, COLUMNS = 11 };

static const char schema[] =
    "CREATE TABLE entry (seq BIGINT PRIMARY KEY, time BIGINT, agent_name TEXT,"
    " session_id TEXT, call_id TEXT, capability TEXT, policy_tier TEXT,"
    " status TEXT, duration_ms TEXT, summary TEXT, request TEXT);\n"
    "CREATE INDEX entry_time ON entry (time);\n"
    "CREATE INDEX entry_agent ON entry (agent_name);\n"
    "CREATE INDEX entry_capability ON entry (capability);\n"
    "CREATE INDEX entry_status ON entry (status);\n";

static _Noreturn void
end(const char *sentence)
{
	fprintf(stderr, "table_load: %s\n", sentence);
	exit(1);
}

/* The next entry, its texts in the cursor's memory; false at the end. */
static bool
next_entry(struct cursor *cursor, uint64_t through, struct entry *ret_entry)
{
	struct cursor_line line;
	struct error err;
	int result = cursor_next(cursor, through, &line, &err);

	if (result == -1 ||
	    (result == 1 && entry_parse(line.line, ret_entry, &err) == -1))
		end(err.sentence);
	return result == 1;
}

/* Its texts in the order of the columns, behind seq and time. */
static void
texts_of(const struct entry *entry, struct slice ret_texts[static COLUMNS - 2])
{
	const struct slice texts[COLUMNS - 2] = {
		entry->actor == ENTRY_AGENT ? entry->actor_name
					    : (struct slice){ NULL, 0 },
		entry->session_id,
		entry->call_id,
		entry->capability,
		slice_of(entry_tier_name(entry->tier)),
		slice_of(entry_status_name(entry->status)),
		entry->duration_ms,
		entry->summary,
		entry->request,
	};

	memcpy(ret_texts, texts, sizeof(texts));
}

/* --- SQLite --------------------------------------------------------------- */

static void
run(sqlite3 *db, const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		end(sqlite3_errmsg(db));
}

static void
insert(sqlite3 *db, sqlite3_stmt *statement, const struct entry *entry)
{
	struct slice texts[COLUMNS - 2];

	texts_of(entry, texts);
	sqlite3_bind_int64(statement, 1, (sqlite3_int64)entry->seq);
	sqlite3_bind_int64(statement, 2, (sqlite3_int64)entry->time);
	for (int i = 0; i < COLUMNS - 2; i++)
		sqlite3_bind_text(statement, i + 3, texts[i].data,
		    (int)texts[i].len, SQLITE_STATIC);
	if (sqlite3_step(statement) != SQLITE_DONE)
		end(sqlite3_errmsg(db));
	sqlite3_reset(statement);
}

static uint64_t
load_sqlite(struct cursor *cursor, uint64_t through, sqlite3 *db)
{
	sqlite3_stmt *statement;
	struct entry entry;
	uint64_t count = 0;

	run(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
	run(db, schema);
	if (sqlite3_prepare_v2(db,
		"INSERT INTO entry VALUES (?,?,?,?,?,?,?,?,?,?,?)", -1,
		&statement, NULL) != SQLITE_OK)
		end(sqlite3_errmsg(db));
	while (next_entry(cursor, through, &entry)) {
		if (count % BATCH == 0)
			run(db, count == 0 ? "BEGIN" : "COMMIT; BEGIN");
		insert(db, statement, &entry);
		count++;
	}
	if (count > 0)
		run(db, "COMMIT");
	sqlite3_finalize(statement);
	return count;
}

static void
time_sqlite(struct cursor *cursor, uint64_t through, const char *path)
{
	cleanup(buf_free) struct buf out = BUF_INIT;
	usec_t begin = clock_monotonic(&clock_system);
	struct json_writer json;
	sqlite3 *db;
	uint64_t count;

	if (sqlite3_open(path, &db) != SQLITE_OK)
		end(sqlite3_errmsg(db));
	count = load_sqlite(cursor, through, db);
	json_writer_init(&json, &out);
	json_writer_object(&json);
	json_writer_pair_u64(&json, "entries", count);
	json_writer_pair_u64(
	    &json, "microseconds", clock_monotonic(&clock_system) - begin);
	json_writer_end_object(&json);
	puts(out.data);
	run(db, "PRAGMA analysis_limit = 10000; ANALYZE"); /* for questions */
	sqlite3_close(db);
}

/* --- PostgreSQL ----------------------------------------------------------- */

/* A text as COPY wants it: the log's are escaped, so a '\\' is all that it
 * takes for something else. */
static void
add_text(struct buf *out, struct slice text)
{
	if (text.data == NULL) {
		buf_add_str(out, "\\N");
		return;
	}
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == '\\')
			buf_add_char(out, '\\');
		buf_add_char(out, text.data[i]);
	}
}

static void
add_row(struct buf *out, const struct entry *entry)
{
	struct slice texts[COLUMNS - 2];

	texts_of(entry, texts);
	buf_addf(out, "%" PRIu64 "\t%" PRIu64, entry->seq, entry->time);
	for (int i = 0; i < COLUMNS - 2; i++) {
		buf_add_char(out, '\t');
		add_text(out, texts[i]);
	}
	buf_add_char(out, '\n');
}

static void
print_copies(struct cursor *cursor, uint64_t through)
{
	cleanup(buf_free) struct buf out = BUF_INIT;
	struct entry entry;
	uint64_t count = 0;

	buf_add_str(&out, schema);
	while (next_entry(cursor, through, &entry)) {
		if (count % BATCH == 0) {
			buf_add_str(&out, count == 0 ? "" : "\\.\n");
			fwrite(out.data, 1, out.len, stdout);
			buf_reset(&out);
			buf_add_str(&out, "COPY entry FROM STDIN;\n");
		}
		add_row(&out, &entry);
		count++;
	}
	buf_add_str(&out, count == 0 ? "" : "\\.\n");
	fwrite(out.data, 1, out.len, stdout);
	if (fflush(stdout) != 0)
		end("standard output cannot be written");
}

int
main(int argc, char **argv)
{
	cleanup(cursor_freep) struct cursor *cursor = NULL;
	struct error err;
	uint64_t through;

	if ((argc != 3 && argc != 4) || number_parse_u64(slice_of(argv[2]), 1,
					    UINT64_MAX, &through) == -1) {
		fprintf(stderr, "usage: table_load AUDIT_DIR SEQ [DATABASE]\n");
		return 64;
	}
	cursor = cursor_open(argv[1], &err);
	if (cursor == NULL || cursor_seek(cursor, 1, &err) == -1)
		end(err.sentence);
	if (argc == 4)
		time_sqlite(cursor, through, argv[3]);
	else
		print_copies(cursor, through);
	return 0;
}
