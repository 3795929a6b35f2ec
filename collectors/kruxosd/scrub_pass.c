#include "collectors/kruxosd/scrub_pass.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/memory.h"
#include "collectors/kruxosd/scrub_block.h"
#include "sql/scrub_pass.h"
#include "store/segment.h"
#include "store/statement.h"

enum {
	PIECE_SEGMENTS = 16384, /* counted by one question */
	PIECE_SUMS = 256,	/* compared by one */
	TABLES = 32,
	PROGRESS_STEPS = 10000, /* of SQLite's machine, between two looks */
};

/* A check of a table is one snapshot. Where that of the table and its indexes
 * takes longer, the table alone is checked; what that takes longer for is
 * compared with the log all the same. */
#define CHECK_TIME (2 * USEC_PER_SEC)

struct extent {
	uint64_t generation, first_seq, last_seq, recent_seq, tail_seq;
	bool is_unswept; /* retention's steps are under way */
	bool is_wrong;	 /* the rows of the same moment say otherwise */
};

struct pass {
	struct database *database;
	struct statement_set *statements;
	struct scrub_block *blocks;
	struct extent extent; /* as it was at the beginning */
	bool (*is_stopping)(void *context);
	void *context;
	usec_t deadline; /* of quick_check */
};

static int
read_extent(struct pass *pass, struct extent *ret_extent, struct error *err)
{
	struct statement find =
	    statement_start(pass->statements, SCRUB_PASS_EXTENT);
	struct extent extent = { 0 };

	if (statement_next(&find))
		extent = (struct extent){
			.generation = statement_u64(&find, 0),
			.first_seq = statement_u64(&find, 1),
			.last_seq = statement_u64(&find, 2),
			.recent_seq = statement_u64(&find, 3),
			.tail_seq = statement_u64(&find, 4),
			.is_unswept = statement_u64(&find, 5) != 0,
			.is_wrong = statement_u64(&find, 6) != 0,
		};
	if (statement_end(&find, err) == -1)
		return -1;
	*ret_extent = extent;
	return 0;
}

static int
check_stopping(struct pass *pass, struct error *err)
{
	return pass->is_stopping(pass->context)
		   ? error_set(err, ERROR_BUSY, "it is stopping")
		   : 0;
}

/* --- SQLite's pages ----------------------------------------------------- */

static int
on_progress(void *context)
{
	struct pass *pass = context;

	return pass->is_stopping(pass->context) ||
	       clock_monotonic(&clock_system) > pass->deadline;
}

static int
ask_sqlite(struct pass *pass, enum scrub_pass_statement question,
    struct slice table, bool *ret_is_over, struct error *err)
{
	sqlite3 *handle = database_handle(pass->database);
	struct statement check = statement_start(pass->statements, question);
	cleanup(buf_free) struct buf verdict = BUF_INIT;
	int result;

	*ret_is_over = false;
	pass->deadline = clock_monotonic(&clock_system) + CHECK_TIME;
	sqlite3_progress_handler(handle, PROGRESS_STEPS, on_progress, pass);
	statement_bind_text(&check, 1, table);
	if (statement_next(&check))
		buf_add_slice(&verdict, statement_text(&check, 0));
	result = statement_end(&check, err);
	sqlite3_progress_handler(handle, 0, NULL, NULL);
	if (result == -1 && err->code == ERROR_BUSY) {
		*ret_is_over = true;
		return check_stopping(pass, err);
	}
	if (result == -1 || slice_is(buf_slice(&verdict), "ok"))
		return result;
	return error_set(err, ERROR_CORRUPT,
	    "kruxos.db is damaged: SQLite says: %.160s", verdict.data);
}

/* A row that its indexes do not name is in no list. */
static int
check_table(struct pass *pass, struct slice table, struct error *err)
{
	bool is_over;
	int result =
	    ask_sqlite(pass, SCRUB_PASS_INTEGRITY_CHECK, table, &is_over, err);

	if (result == 0 && is_over)
		result = ask_sqlite(
		    pass, SCRUB_PASS_QUICK_CHECK, table, &is_over, err);
	return result;
}

static int
check_pages(struct pass *pass, struct error *err)
{
	cleanup(arena_free) struct arena arena = ARENA_INIT;
	struct statement names =
	    statement_start(pass->statements, SCRUB_PASS_TABLES);
	struct slice tables[TABLES];
	size_t count = 0;

	while (count < TABLES && statement_next(&names))
		tables[count++] =
		    arena_slice(&arena, statement_text(&names, 0));
	if (statement_end(&names, err) == -1)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (check_table(pass, tables[i], err) == -1)
			return -1;
	return 0;
}

/* --- blocks ------------------------------------------------------------- */

/* Are there as many segments of the blocks from `first` to `last` (numbers of
 * blocks) as there should be? */
static int
count_segments(struct pass *pass, uint64_t first, uint64_t last,
    uint64_t expected, struct error *err)
{
	uint64_t from = 0, total = 0, looked;

	do {
		struct statement count = statement_start(
		    pass->statements, SCRUB_PASS_COUNT_SEGMENTS);

		statement_bind_u64(&count, 1, from);
		statement_bind_u64(&count, 2, first);
		statement_bind_u64(&count, 3, last);
		statement_bind_u64(&count, 4, PIECE_SEGMENTS);
		looked = statement_next(&count) ? statement_u64(&count, 0) : 0;
		if (looked > 0) {
			from = statement_u64(&count, 1) + 1;
			total += statement_u64(&count, 2);
		}
		if (statement_end(&count, err) == -1 ||
		    check_stopping(pass, err) == -1)
			return -1;
	} while (looked == PIECE_SEGMENTS);
	if (total == expected)
		return 0;
	return error_set(err, ERROR_CORRUPT,
	    "kruxos.db is damaged: it has %llu segments, not %llu",
	    (unsigned long long)total, (unsigned long long)expected);
}

static int
check_blocks(struct pass *pass, struct error *err)
{
	const struct extent *extent = &pass->extent;
	uint64_t first = extent->first_seq - extent->first_seq % SEGMENT_BLOCK;
	uint64_t segments = 0;

	for (uint64_t at = first; at < extent->recent_seq; at += SEGMENT_BLOCK)
		if (scrub_block_sealed(pass->blocks, at, extent->first_seq,
			&segments, err) == -1)
			return -1;
	if (first < extent->recent_seq &&
	    count_segments(pass, first / SEGMENT_BLOCK,
		extent->recent_seq / SEGMENT_BLOCK - 1, segments, err) == -1)
		return -1;
	return scrub_block_under_way(pass->blocks, extent->recent_seq,
	    extent->first_seq, extent->tail_seq, extent->last_seq, err);
}

/* --- sums --------------------------------------------------------------- */

static int
check_sums(
    struct pass *pass, int statement, const char *what, struct error *err)
{
	uint64_t behind = 0, looked, wrong;

	do {
		struct statement sums =
		    statement_start(pass->statements, statement);

		statement_bind_u64(&sums, 1, behind);
		statement_bind_u64(&sums, 2, PIECE_SUMS);
		looked = statement_next(&sums) ? statement_u64(&sums, 0) : 0;
		wrong = looked > 0 ? statement_u64(&sums, 2) : 0;
		if (looked > 0)
			behind = statement_u64(&sums, 1);
		if (statement_end(&sums, err) == -1 ||
		    check_stopping(pass, err) == -1)
			return -1;
		if (wrong > 0)
			return error_set(err, ERROR_CORRUPT,
			    "kruxos.db is damaged: %llu %s are not what "
			    "their entries make of them",
			    (unsigned long long)wrong, what);
	} while (looked == PIECE_SUMS);
	return 0;
}

/* --- the whole ---------------------------------------------------------- */

static int
check_extent(struct pass *pass, struct error *err)
{
	const struct extent *extent = &pass->extent;

	if (extent->is_wrong)
		return error_set(err, ERROR_CORRUPT,
		    "kruxos.db is damaged: its rows are not entries %llu to "
		    "%llu",
		    (unsigned long long)extent->first_seq,
		    (unsigned long long)extent->last_seq);
	if (extent->is_unswept)
		return error_set(err, ERROR_BUSY, "the index is swept");
	return 0;
}

static int
check(struct pass *pass, struct error *err)
{
	if (check_extent(pass, err) == -1 || check_pages(pass, err) == -1 ||
	    check_blocks(pass, err) == -1 ||
	    check_sums(pass, SCRUB_PASS_ACTORS, "actors", err) == -1 ||
	    check_sums(pass, SCRUB_PASS_SESSIONS, "sessions", err) == -1)
		return -1;
	return check_sums(pass, SCRUB_PASS_APPROVALS, "approvals", err);
}

/* What looked like damage may be what has changed meanwhile. */
static int
look_again(struct pass *pass, struct error *err)
{
	struct extent now;
	struct error ignored;

	if (!database_is_there(pass->database))
		return error_set(err, ERROR_BUSY, "the index was replaced");
	if (read_extent(pass, &now, &ignored) == -1)
		return -1;
	if (now.generation == pass->extent.generation &&
	    now.first_seq == pass->extent.first_seq &&
	    now.recent_seq == pass->extent.recent_seq)
		return -1;
	return error_set(err, ERROR_BUSY, "the index has moved");
}

static int
open_pass(struct pass *pass, const char *database, const char *audit_dir,
    struct error *err)
{
	pass->database = database_open(database, DATABASE_READ, err);
	if (pass->database == NULL)
		return -1;
	pass->statements = statement_set_new(
	    pass->database, scrub_pass_statements, SCRUB_PASS_STATEMENTS, err);
	if (pass->statements == NULL)
		return -1;
	pass->blocks = scrub_block_new(
	    pass->database, audit_dir, pass->is_stopping, pass->context, err);
	return pass->blocks == NULL ? -1 : 0;
}

int
scrub_pass(const char *database, const char *audit_dir,
    bool (*is_stopping)(void *context), void *context, uint64_t *ret_generation,
    struct error *err)
{
	struct pass pass = { .is_stopping = is_stopping, .context = context };
	int result = open_pass(&pass, database, audit_dir, err);

	*ret_generation = 0;
	if (result == 0)
		result = read_extent(&pass, &pass.extent, err);
	if (result == 0) {
		*ret_generation = pass.extent.generation;
		result = check(&pass, err);
		if (result == -1 && err->code == ERROR_CORRUPT)
			result = look_again(&pass, err);
	}
	scrub_block_free(pass.blocks);
	statement_set_free(pass.statements);
	database_close(pass.database);
	return result;
}
