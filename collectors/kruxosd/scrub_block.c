#include "collectors/kruxosd/scrub_block.h"

#include "base/crc32c.h"
#include "base/memory.h"
#include "collectors/kruxosd/columns.h"
#include "collectors/kruxosd/index_row.h"
#include "log/cursor.h"
#include "sql/scrub_block.h"
#include "store/calls.h"
#include "store/statement.h"

enum {
	CHUNK = 4096,	    /* entries that are compared at a time */
	KNOWN_NAMES = 4096, /* remembered; a power of two */
};

/* A name and its id: 0 where the index has none. */
struct known_name {
	uint8_t kind; /* the statement, + 1 */
	uint8_t len;
	char name[ENTRY_NAME_BYTES];
	uint64_t id;
};

/* What a valid line says that its row must be. */
struct expected {
	bool is_there, is_seen;
	struct index_row row;
	uint64_t file, actor, capability, session;
	bool has_call;
	uint32_t call;
};

struct scrub_block {
	struct statement_set *statements;
	struct cursor *cursor;
	struct sha256 *sha256;
	struct columns *columns;
	struct known_name *names;
	struct expected *expected;
	bool (*is_stopping)(void *context);
	void *context;

	/* Of the block at hand. */
	bool are_calls_known; /* each row has a line that is valid */
	uint64_t segments;
};

struct scrub_block *
scrub_block_new(struct database *database, const char *audit_dir,
    bool (*is_stopping)(void *context), void *context, struct error *err)
{
	struct scrub_block *scrub = memory_new(sizeof(*scrub));

	scrub->is_stopping = is_stopping;
	scrub->context = context;
	scrub->sha256 = sha256_new();
	scrub->columns = columns_new();
	scrub->names = memory_new(KNOWN_NAMES * sizeof(*scrub->names));
	scrub->expected = memory_new(CHUNK * sizeof(*scrub->expected));
	scrub->cursor = cursor_open(audit_dir, err);
	if (scrub->cursor != NULL)
		scrub->statements = statement_set_new(database,
		    scrub_block_statements, SCRUB_BLOCK_STATEMENTS, err);
	if (scrub->statements == NULL) {
		scrub_block_free(scrub);
		return NULL;
	}
	return scrub;
}

void
scrub_block_free(struct scrub_block *scrub)
{
	if (scrub == NULL)
		return;
	statement_set_free(scrub->statements);
	cursor_free(scrub->cursor);
	sha256_free(scrub->sha256);
	columns_free(scrub->columns);
	free(scrub->names);
	free(scrub->expected);
	free(scrub);
}

/* --- what the log says -------------------------------------------------- */

static int
ask_id(struct scrub_block *scrub, int index, struct slice name,
    unsigned actor_type, uint64_t *ret_id, struct error *err)
{
	struct statement find = statement_start(scrub->statements, index);

	statement_bind_text(&find, 1, name);
	if (index == SCRUB_BLOCK_ACTOR)
		statement_bind_u64(&find, 2, actor_type);
	*ret_id = statement_next(&find) ? statement_u64(&find, 0) : 0;
	return statement_end(&find, err);
}

static int
find_id(struct scrub_block *scrub, int index, struct slice name,
    unsigned actor_type, uint64_t *ret_id, struct error *err)
{
	uint8_t kind = (uint8_t)((unsigned)index * 4 + actor_type + 1);
	struct known_name *known =
	    &scrub->names[crc32c(kind, name) & (KNOWN_NAMES - 1)];

	if (known->kind != kind || known->len != name.len ||
	    memcmp(known->name, name.data, name.len) != 0) {
		known->kind = 0;
		if (ask_id(scrub, index, name, actor_type, &known->id, err) ==
		    -1)
			return -1;
		known->kind = kind;
		known->len = (uint8_t)name.len;
		memcpy(known->name, name.data, name.len);
	}
	*ret_id = known->id;
	return 0;
}

static int
expect(struct scrub_block *scrub, const struct entry *entry,
    const struct cursor_line *line, struct expected *expected,
    struct error *err)
{
	struct slice actor = entry->actor_name.data == NULL ? SLICE_LITERAL("")
							    : entry->actor_name;

	*expected = (struct expected){ .is_there = true };
	index_row_make(entry, line->offset, &expected->row);
	if (entry->call_id.data != NULL) {
		expected->has_call = true;
		expected->call = calls_hash(entry->call_id);
	}
	if (entry->session_id.data != NULL &&
	    find_id(scrub, SCRUB_BLOCK_SESSION, entry->session_id, 0,
		&expected->session, err) == -1)
		return -1;
	if (find_id(scrub, SCRUB_BLOCK_FILE, slice_of(line->file), 0,
		&expected->file, err) == -1 ||
	    find_id(scrub, SCRUB_BLOCK_ACTOR, actor, entry->actor,
		&expected->actor, err) == -1)
		return -1;
	return find_id(scrub, SCRUB_BLOCK_CAPABILITY, entry->capability, 0,
	    &expected->capability, err);
}

/* A line proves something if the hash of its head holds. */
static bool
is_proof(struct scrub_block *scrub, const struct entry *entry)
{
	struct error err = { 0 };

	return entry_check(scrub->sha256, entry, &err) == 0 ||
	       strcmp(err.field, "payload_hash") == 0;
}

/* What the log says of the entries from `from` to `last`. */
static int
read_log(
    struct scrub_block *scrub, uint64_t from, uint64_t last, struct error *err)
{
	struct cursor_line line;
	int result;

	for (uint64_t i = 0; i <= last - from; i++)
		scrub->expected[i].is_there = false;
	if (cursor_seek(scrub->cursor, from, err) == -1)
		return err->code == ERROR_CORRUPT ? 0 : -1;
	while ((result = cursor_next(scrub->cursor, last, &line, err)) != 0) {
		struct expected *expected;
		struct entry entry;

		if (result == -1 && err->code != ERROR_CORRUPT)
			return -1;
		if (result == -1 || line.seq < from ||
		    entry_parse(line.line, &entry, err) == -1 ||
		    !is_proof(scrub, &entry))
			continue;
		expected = &scrub->expected[line.seq - from];
		if (!expected->is_there &&
		    expect(scrub, &entry, &line, expected, err) == -1)
			return -1;
	}
	return 0;
}

/* --- rows --------------------------------------------------------------- */

static bool
is_row(struct statement *row, const struct expected *expected)
{
	return statement_u64(row, 1) == expected->row.time &&
	       statement_u64(row, 2) == expected->file &&
	       statement_u64(row, 3) == expected->row.offset &&
	       statement_i64(row, 4) == expected->row.payload &&
	       statement_u64(row, 5) == expected->actor &&
	       statement_u64(row, 6) == expected->capability &&
	       statement_u64(row, 7) == expected->session &&
	       statement_u64(row, 8) == expected->row.status &&
	       statement_u64(row, 9) == expected->row.kind &&
	       statement_is_null(row, 10) == !expected->row.is_timed &&
	       statement_i64(row, 10) == expected->row.duration;
}

static void
take_row(struct scrub_block *scrub, struct statement *row,
    const struct expected *expected)
{
	unsigned kind = (unsigned)statement_u64(row, 9);
	struct columns_entry entry = {
		.seq = statement_u64(row, 0),
		.time = statement_u64(row, 1),
		.values = {
		    [SEGMENT_ACTOR_TYPE] = segment_kind_actor(kind),
		    [SEGMENT_ACTOR] = (uint32_t)statement_u64(row, 5),
		    [SEGMENT_CAPABILITY] = (uint32_t)statement_u64(row, 6),
		    [SEGMENT_SESSION] = (uint32_t)statement_u64(row, 7),
		    [SEGMENT_STATUS] = (uint32_t)statement_u64(row, 8),
		    [SEGMENT_TIER] = segment_kind_tier(kind),
		    [SEGMENT_SOURCE] = segment_kind_source(kind),
		},
		.has_call = expected->is_there && expected->has_call,
		.call = expected->call,
	};

	columns_set(scrub->columns, &entry);
	scrub->are_calls_known &= expected->is_there;
}

static int
damaged(const char *what, uint64_t seq, struct error *err)
{
	return error_set(err, ERROR_CORRUPT,
	    "kruxos.db is damaged: %s %llu is not what the log says", what,
	    (unsigned long long)seq);
}

/* Compare the rows from `from` to `last`, CHUNK at most, with the log, and take
 * them into the columns. */
static int
compare_rows(
    struct scrub_block *scrub, uint64_t from, uint64_t last, struct error *err)
{
	struct statement rows;
	uint64_t wrong = 0;

	if (read_log(scrub, from, last, err) == -1)
		return -1;
	for (uint64_t i = 0; i <= last - from; i++)
		scrub->expected[i].is_seen = false;
	rows = statement_start(scrub->statements, SCRUB_BLOCK_ROWS);
	statement_bind_u64(&rows, 1, from);
	statement_bind_u64(&rows, 2, last);
	while (wrong == 0 && statement_next(&rows)) {
		uint64_t seq = statement_u64(&rows, 0);
		struct expected *expected;

		if (seq < from || seq > last) {
			wrong = from;
			break;
		}
		expected = &scrub->expected[seq - from];
		expected->is_seen = true;
		if (expected->is_there && !is_row(&rows, expected))
			wrong = seq;
		take_row(scrub, &rows, expected);
	}
	if (statement_end(&rows, err) == -1)
		return -1;
	for (uint64_t i = 0; wrong == 0 && i <= last - from; i++)
		if (scrub->expected[i].is_there && !scrub->expected[i].is_seen)
			wrong = from + i;
	return wrong == 0 ? 0 : damaged("the row of entry", wrong, err);
}

static int
compare_range(struct scrub_block *scrub, uint64_t first, uint64_t from,
    uint64_t last, struct error *err)
{
	columns_begin(scrub->columns, first);
	scrub->are_calls_known = true;
	while (from <= last) {
		uint64_t end = from - from % CHUNK + CHUNK - 1;

		if (end > last)
			end = last;
		if (scrub->is_stopping(scrub->context))
			return error_set(err, ERROR_BUSY, "it is stopping");
		if (compare_rows(scrub, from, end, err) == -1)
			return -1;
		from = end + 1;
	}
	return 0;
}

/* --- pieces ------------------------------------------------------------- */

static bool
is_piece(struct statement *found, const struct columns_piece *piece)
{
	const struct segment_block *block = piece->block;

	if (!slice_equal(statement_blob(found, 1), piece->blob) ||
	    (piece->kind != COLUMNS_CALLS &&
		statement_u64(found, 0) != piece->count))
		return false;
	return block == NULL ||
	       (statement_u64(found, 2) == block->min_time &&
		   statement_u64(found, 3) == block->max_time &&
		   statement_u64(found, 4) == block->recorded_at);
}

static int
compare_piece(
    void *context, const struct columns_piece *piece, struct error *err)
{
	static const int statements[][2] = {
		[COLUMNS_SEGMENT] = { SCRUB_BLOCK_SEGMENT,
		    SCRUB_BLOCK_RECENT_SEGMENT },
		[COLUMNS_BLOCK] = { SCRUB_BLOCK_BLOCK,
		    SCRUB_BLOCK_RECENT_BLOCK },
		[COLUMNS_CALLS] = { SCRUB_BLOCK_CALLS },
	};
	static const char *const words[] = {
		[COLUMNS_SEGMENT] = "the segment",
		[COLUMNS_BLOCK] = "the block",
		[COLUMNS_CALLS] = "the bucket of calls",
	};
	struct scrub_block *scrub = context;
	struct statement find;
	bool is_good;

	if (piece->kind == COLUMNS_CALLS && !scrub->are_calls_known)
		return 0;
	scrub->segments += piece->kind == COLUMNS_SEGMENT;
	find = statement_start(
	    scrub->statements, statements[piece->kind][piece->is_recent]);
	statement_bind_u64(&find, 1, piece->id);
	is_good = statement_next(&find) && is_piece(&find, piece);
	if (statement_end(&find, err) == -1)
		return -1;
	return is_good ? 0 : damaged(words[piece->kind], piece->id, err);
}

static int
read_recorded_at(struct scrub_block *scrub, int index, uint64_t first,
    usec_t *ret_at, struct error *err)
{
	struct statement find = statement_start(scrub->statements, index);

	statement_bind_u64(&find, 1, first);
	*ret_at = statement_next(&find) ? statement_u64(&find, 0) : 0;
	return statement_end(&find, err);
}

int
scrub_block_sealed(struct scrub_block *scrub, uint64_t first,
    uint64_t first_seq, uint64_t *segments, struct error *err)
{
	usec_t recorded_at;

	scrub->segments = 0;
	if (compare_range(scrub, first, first > first_seq ? first : first_seq,
		first + SEGMENT_BLOCK - 1, err) == -1 ||
	    read_recorded_at(scrub, SCRUB_BLOCK_RECORDED_AT, first,
		&recorded_at, err) == -1 ||
	    columns_each(
		scrub->columns, recorded_at, compare_piece, scrub, err) == -1)
		return -1;
	*segments += scrub->segments;
	return 0;
}

static int
compare_recent(struct scrub_block *scrub, uint64_t first, struct error *err)
{
	usec_t recorded_at;

	if (read_recorded_at(scrub, SCRUB_BLOCK_RECENT_RECORDED_AT, first,
		&recorded_at, err) == -1)
		return -1;
	return columns_each_recent(
	    scrub->columns, first, recorded_at, compare_piece, scrub, err);
}

int
scrub_block_under_way(struct scrub_block *scrub, uint64_t first,
    uint64_t first_seq, uint64_t tail_seq, uint64_t last_seq, struct error *err)
{
	if (compare_range(scrub, first, first > first_seq ? first : first_seq,
		last_seq, err) == -1)
		return -1;
	for (; first < tail_seq; first += SEGMENT_RECENT)
		if (compare_recent(scrub, first, err) == -1)
			return -1;
	return 0;
}
