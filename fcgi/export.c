#include "fcgi/export.h"

#include "fcgi/action.h"
#include "fcgi/program.h"
#include "fcgi/query.h"

#include "base/cleanup.h"
#include "base/json_reader.h"
#include "log/cursor.h"

enum {
	WINDOW_SEQS = SEARCH_LIMIT, /* so that a page holds all of a window */
	PIECE_BYTES = 256 << 10,
};

enum format { FORMAT_JSON, FORMAT_NDJSON, FORMAT_CSV };

static const char *const format_names[] = { "json", "ndjson", "csv", NULL };

static const char *const format_types[] = { "application/json",
	"application/x-ndjson", "text/csv; charset=utf-8" };

const struct param export_params[] = {
	QUERY_FILTERS,
	QUERY_RANGE,
	QUERY_THROUGH,
	PARAM_TEXT(struct query, q, "q", FILTER_QUERY_BYTES),
	PARAM_CHOICE(struct query, format, "format", format_names),
	PARAM_END,
};

/* An export under way. */
struct export
{
	struct store *store;
	const char *audit_dir;
	struct request *req;
	struct reply *rep;
	enum format format;
	struct filter filter;
	uint64_t through_seq;
	struct cursor *cursor; /* NULL: the index had all, so far */
	uint64_t count;	       /* entries written */
	struct buf piece;      /* what was not sent yet */
	struct buf line;
	struct json_reader reader;
};

/* --- CSV ------------------------------------------------------------------ */

/* What spreadsheets read as the beginning of a formula, or as nothing before
 * one (OWASP, CSV injection); some take the full-width signs for the others. */
static bool
begins_formula(struct slice text)
{
	static const struct slice signs[] = {
		SLICE_LITERAL("="),
		SLICE_LITERAL("+"),
		SLICE_LITERAL("-"),
		SLICE_LITERAL("@"),
		SLICE_LITERAL("\t"),
		SLICE_LITERAL("\r"),
		SLICE_LITERAL("\n"),
		SLICE_LITERAL("\0"),
		SLICE_LITERAL("＝"),
		SLICE_LITERAL("＋"),
		SLICE_LITERAL("－"),
		SLICE_LITERAL("＠"),
	};

	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (slice_starts_with(text, signs[i]))
			return true;
	return false;
}

void
export_add_cell(struct buf *out, struct slice text)
{
	bool is_formula = begins_formula(text);
	bool is_quoted = is_formula;

	for (size_t i = 0; i < text.len && !is_quoted; i++)
		is_quoted = strchr("\",\r\n", text.data[i]) != NULL;
	if (is_quoted)
		buf_add_char(out, '"');
	if (is_formula)
		buf_add_char(out, '\'');
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == '"')
			buf_add_char(out, '"');
		buf_add_char(out, text.data[i]);
	}
	if (is_quoted)
		buf_add_char(out, '"');
}

/* The columns whose words stand in the line as they are, in their order. */
static const char *const csv_columns[] = { "seq", "recorded_at", "time",
	"time_clamped", "uid", "source", "actor_type", "agent_name",
	"user_name", "session_id", "call_id", "parent_call_id", "trace_id",
	"capability", "policy_tier", "decided_by", "status", "duration_ms",
	"summary", "request", "erased_by", "payload_hash", "prev_hash",
	"entry_hash", NULL };

static void
add_csv_head(struct buf *out)
{
	for (size_t i = 0; csv_columns[i] != NULL; i++) {
		buf_add_str(out, csv_columns[i]);
		buf_add_char(out, ',');
	}
	buf_add_str(out, "log_file\r\n");
}

static int
add_csv_row(struct export *export, struct slice line, const char *file,
    struct error *err)
{
	struct buf *out = &export->piece;

	if (json_reader_read(&export->reader, line, err) == -1)
		return -1;
	for (size_t i = 0; csv_columns[i] != NULL; i++) {
		const struct json_node *node = json_reader_member(
		    &export->reader, export->reader.nodes, csv_columns[i]);

		if (node != NULL)
			export_add_cell(out, node->text);
		buf_add_char(out, ',');
	}
	buf_add_str(out, file);
	buf_add_str(out, "\r\n");
	return 0;
}

/* --- the stream ----------------------------------------------------------- */

static int
send_piece(struct export *export, struct error *err)
{
	int result =
	    export->piece.len == 0
		? 0
		: reply_write(export->rep, buf_slice(&export->piece), err);

	buf_reset(&export->piece);
	return result;
}

/* Append the entry of `line` to the piece. */
static int
add_line(struct export *export, struct slice line, const char *file,
    struct error *err)
{
	if (export->format == FORMAT_CSV) {
		if (add_csv_row(export, line, file, err) == -1)
			return -1;
	} else if (export->format == FORMAT_JSON) {
		buf_add_str(&export->piece, export->count == 0 ? "\n" : ",\n");
		query_add_entry(&export->piece, line, file);
	} else {
		buf_add_slice(&export->piece, line);
		buf_add_char(&export->piece, '\n');
	}
	export->count++;
	return export->piece.len < PIECE_BYTES ? 0 : send_piece(export, err);
}

static int
add_place(
    struct export *export, const struct store_place *place, struct error *err)
{
	struct store_place found;
	struct entry entry;

	buf_reset(&export->line);
	if (store_read(export->store, place, &export->line, &entry, &found,
		err) == -1) {
		/* Retention took it meanwhile. */
		return err->code == ERROR_NOT_FOUND ? 0 : -1;
	}
	/* A row of a damaged index may name what was not asked for. */
	if (!filter_matches_head(&export->filter, &entry))
		return 0;
	return add_line(export, buf_slice(&export->line), found.file, err);
}

/* The matches behind `after` up to `last` by the log alone: what the index
 * does not hold. Damaged lines are left out, as the index leaves them out. */
static int
add_from_log(
    struct export *export, uint64_t after, uint64_t last, struct error *err)
{
	struct cursor_line line;
	struct entry entry;
	int result;

	if (export->cursor == NULL)
		export->cursor = cursor_open(export->audit_dir, err);
	if (export->cursor == NULL ||
	    cursor_seek(export->cursor, after + 1, err) == -1)
		return -1;
	while ((result = cursor_next(export->cursor, last, &line, err)) != 0) {
		if (result == -1 && err->code != ERROR_CORRUPT)
			return -1;
		if (result == -1 || line.seq <= after ||
		    entry_parse(line.line, &entry, err) == -1 ||
		    !filter_matches(&export->filter, &entry, line.line))
			continue;
		if (add_line(export, line.line, line.file, err) == -1)
			return -1;
	}
	return query_is_gone(export->req)
		   ? error_set(err, ERROR_BUSY, "the client has gone")
		   : 0;
}

/* The matches behind `after` up to `last`, WINDOW_SEQS entries at most, oldest
 * first: a page holds them all, and its snapshot ends before anything is sent.
 * The log is read where the index does not reach: it lags, is built again, or
 * is not there. */
static int
add_window(
    struct export *export, uint64_t after, uint64_t last, struct error *err)
{
	cleanup(arena_free) struct arena arena = ARENA_INIT;
	struct search search = {
		.filter = export->filter,
		.after_seq = after,
		.through_seq = last,
		.limit = SEARCH_LIMIT,
		.is_gone = query_is_gone,
		.context = export->req,
	};
	struct search_page page;
	struct error why = { 0 };

	if (search_page(export->store, &search, &arena, &page, &why) == -1)
		return query_is_gone(export->req)
			   ? (*err = why, -1)
			   : add_from_log(export, after, last, err);
	for (size_t i = page.count; i-- > 0;)
		if (add_place(export, &page.places[i], err) == -1)
			return -1;
	if (page.through_seq >= last)
		return 0;
	return add_from_log(export,
	    page.through_seq > after ? page.through_seq : after, last, err);
}

static int
stream(struct export *export, uint64_t first_seq, struct error *err)
{
	uint64_t after = first_seq == 0 ? 0 : first_seq - 1;

	if (export->format == FORMAT_CSV)
		add_csv_head(&export->piece);
	else if (export->format == FORMAT_JSON)
		buf_add_char(&export->piece, '[');
	while (after < export->through_seq) {
		uint64_t last = after + WINDOW_SEQS < export->through_seq
				    ? after + WINDOW_SEQS
				    : export->through_seq;

		if (add_window(export, after, last, err) == -1)
			return -1;
		after = last;
	}
	if (export->format == FORMAT_JSON)
		buf_add_str(&export->piece, "\n]\n");
	return send_piece(export, err);
}

/* What is to be exported: from the first entry of the log to the last durable
 * one, be they in the index or not. */
static int
read_extent(struct export *export, struct program *prog, uint64_t *ret_first,
    struct error *err)
{
	struct status status;
	struct error why;
	bool is_known = program_status(prog, &status, &why) == 0;

	*ret_first = 0;
	export->through_seq = is_known ? status.head_seq : 0;
	if (store_begin(export->store, &why) == -1) {
		if (is_known)
			return 0;
		*err = why;
		return -1;
	}
	*ret_first = store_first_seq(export->store);
	if (store_last_seq(export->store) > export->through_seq)
		export->through_seq = store_last_seq(export->store);
	store_end(export->store);
	return 0;
}

/* --- the entry about it, and the headers ---------------------------------- */

/* An export is recorded before its first byte leaves, in the name of who asks.
 * Of who may open api.sock there is no more to know. Returns a status. */
static int
record(struct program *prog, struct request *req, struct reply *rep,
    enum format format, struct error *err)
{
	static const struct slice nobody = { NULL, 0 };
	struct action action;
	int status;

	action_begin(&action, "audit.export");
	json_writer_pair(&action.args, "format", format_names[format]);
	json_writer_pair_slice(&action.args, "query", req->query);
	if (slice_is(request_variable(req, "KRUXOS_LISTENER"), "dashboard")) {
		status = action_relay(&action, prog, req, rep, NULL, err);
	} else {
		json_writer_pair(&action.args, "via", "api.sock");
		status = action_call(&action, prog, nobody, rep, NULL, err);
	}
	if (status == 503)
		error_prefix(err, "the export cannot be recorded");
	return status;
}

static void
set_headers(struct export *export, usec_t now)
{
	char from[CLOCK_DATE_SIZE], to[CLOCK_DATE_SIZE];
	usec_t end = export->filter.to > now ? now : export->filter.to - 1;

	clock_format_date(export->filter.from, from);
	clock_format_date(end, to);
	reply_type(export->rep, format_types[export->format]);
	reply_header(export->rep, "Content-Disposition",
	    "attachment; filename=\"kruxos-audit-%s-%s.%s\"", from, to,
	    format_names[export->format]);
}

/* GET /api/audit/export: every match, oldest first. */
int
export_get(struct program *prog, struct request *req, struct reply *rep,
    struct error *err)
{
	struct query query = QUERY_INIT;
	usec_t now = clock_realtime(&clock_system);
	struct export export = {
		.store = program_store(prog, req->worker),
		.audit_dir = prog->audit_dir,
		.req = req,
		.rep = rep,
		.piece = BUF_INIT,
		.line = BUF_INIT,
		.reader = JSON_READER_INIT,
	};
	uint64_t first_seq;
	int status = 200;

	if (query_read(req, &query, &export.filter, err) == -1 ||
	    query_range(&query, now, 7 * USEC_PER_DAY, &export.filter, err) ==
		-1)
		return 400;
	export.format = (enum format)query.format;
	if (read_extent(&export, prog, &first_seq, err) == -1)
		return 503;
	if (query.through < export.through_seq)
		export.through_seq = query.through;
	if (req->method != METHOD_HEAD)
		status = record(prog, req, rep, export.format, err);
	if (status != 200)
		return status;
	set_headers(&export, now);
	if (stream(&export, first_seq, err) == -1)
		status = 503; /* breaks the connection: half is not all */
	cursor_free(export.cursor);
	buf_free(&export.piece);
	buf_free(&export.line);
	json_reader_free(&export.reader);
	return status;
}
