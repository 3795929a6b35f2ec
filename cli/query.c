#include "cli/query.h"

#include "base/cleanup.h"
#include "cli/access.h"
#include "cli/api.h"
#include "cli/json.h"
#include "cli/reach.h"
#include "cli/row.h"
#include "cli/selection.h"
#include "cli/words.h"
#include "log/cursor.h"

#include <inttypes.h>

struct query_values {
	struct selection selection;
	uint64_t limit, offset, through;
	const char *dir;
	bool json;
	bool exit_code;
};

static const struct option_row query_options[] = {
	SELECTION_WHO(struct query_values, selection),
	SELECTION_WHEN(struct query_values, selection),
	SELECTION_TEXT(struct query_values, selection),
	OPTION_U64(struct query_values, limit, 'n', "limit", "N", 1, 200, "50",
	    "at most N entries, 1 to 200"),
	OPTION_U64(struct query_values, offset, 0, "offset", "N", 0, INT64_MAX,
	    "0", "without the first N"),
	OPTION_U64(struct query_values, through, 0, "through", "SEQ", 1,
	    INT64_MAX, NULL, "nothing newer, so that pages stand still"),
	OPTION_TEXT(struct query_values, dir, 'd', "dir", "DIR",
	    "search the files in DIR; no daemon, no configuration"),
	OPTION_FLAG(
	    struct query_values, json, 0, "json", "print the answer as JSON"),
	OPTION_FLAG(struct query_values, exit_code, 0, "exit-code",
	    "exit with 2 when nothing matches"),
	OPTION_END
};

/* --- from files --------------------------------------------------------- */

void
query_add_entry(const struct cursor_line *line, struct buf *out)
{
	buf_add(out, line->line.data, line->line.len - 1);
	buf_addf(out, ",\"log_file\":\"%s\"}", line->file);
}

/* Backwards from the end, until the page is full. */
static int
query_scan(struct cursor *cursor, const struct query_values *values,
    const struct filter *filter, struct buf *out, struct error *err)
{
	uint64_t skipped = 0, found = 0;
	struct cursor_line line;
	struct entry entry;
	int more;

	while (found < values->limit &&
	       (more = cursor_previous(cursor, &line, err)) != 0) {
		if (more == -1)
			return -1;
		if (entry_parse(line.line, &entry, err) == -1)
			return error_prefix(err, "%s", line.file);
		if (!filter_matches(filter, &entry, line.line))
			continue;
		if (skipped < values->offset) {
			skipped++;
			continue;
		}
		if (found++ > 0)
			buf_add_char(out, ',');
		query_add_entry(&line, out);
	}
	return 0;
}

/* The answer that the API would give, as far as one page tells. */
static int
query_files(const struct query_values *values, const struct filter *filter,
    struct buf *answer, struct error *err)
{
	cleanup(cursor_freep) struct cursor *cursor = NULL;
	uint64_t end = values->through > 0 ? values->through + 1 : UINT64_MAX;

	cursor = cursor_open(values->dir, err);
	if (cursor == NULL || cursor_seek(cursor, end, err) == -1)
		return access_explain(values->dir, err);
	buf_add_str(answer, "{\"entries\":[");
	if (query_scan(cursor, values, filter, answer, err) == -1)
		return -1;
	buf_addf(answer, "],\"limit\":%" PRIu64 ",\"offset\":%" PRIu64 "}",
	    values->limit, values->offset);
	return 0;
}

/* --- from the daemon ---------------------------------------------------- */

static int
query_api(struct cli *cli, const struct query_values *values,
    struct buf *answer, struct error *err)
{
	cleanup(buf_free) struct buf target = BUF_INIT;
	const struct config *config = cli_config(cli, err);

	if (config == NULL)
		return -1;
	buf_add_str(&target, "/api/audit?");
	selection_add_query(&values->selection, &target);
	if (values->through > 0)
		buf_addf(&target, "through=%" PRIu64 "&", values->through);
	buf_addf(&target, "limit=%" PRIu64 "&offset=%" PRIu64, values->limit,
	    values->offset);
	return api_get(config->api_socket, target.data, answer, err);
}

/* --- for people --------------------------------------------------------- */

/* "1–50 of 132 since 2026-11-16T20:16:00Z" */
static void
query_add_summary(struct json_object *answer, size_t shown, struct buf *out)
{
	struct slice from = json_text(answer, "from");
	uint64_t offset = json_number(answer, "offset");
	struct json_object *total = json_member(answer, "total");

	if (shown == 0)
		buf_add_str(out, "Nothing matches");
	else
		buf_addf(
		    out, "%" PRIu64 "–%" PRIu64, offset + 1, offset + shown);
	if (total != NULL && shown > 0) {
		buf_add_str(out, " of ");
		if (slice_is(json_text(answer, "total_relation"), "gte"))
			buf_add_str(out, "at least ");
		words_add_count(out, json_object_get_uint64(total));
	}
	if (from.len > 0)
		buf_addf(out, ", since %.*s", SLICE_ARG(from));
}

static void
query_print(struct cli *cli, struct json_object *answer,
    struct json_object *entries, size_t count)
{
	cleanup(buf_free) struct buf out = BUF_INIT;
	cleanup(buf_free) struct buf summary = BUF_INIT;
	struct table table;

	table_init(&table, row_columns, row_columns_count, &cli->arena);
	for (size_t i = 0; i < count; i++) {
		struct row row;

		row_read(
		    json_object_array_get_idx(entries, i), &cli->arena, &row);
		row_add(&row, &table);
	}
	if (count > 0)
		table_print(&table, &cli->out, &out);
	if (cli->out.is_terminal) {
		query_add_summary(answer, count, &summary);
		terminal_add(
		    &cli->out, &out, TERMINAL_DIM, buf_slice(&summary));
		buf_add_char(&out, '\n');
	}
	cli_print(&out);
}

static enum command_exit
query_answer(struct cli *cli, const struct query_values *values,
    struct buf *answer, struct error *err)
{
	cleanup(json_putp) struct json_object *json = NULL;
	struct json_object *entries;
	size_t count;

	json = json_parse(buf_slice(answer), err);
	entries = json_member(json, "entries");
	if (json == NULL)
		return cli_fail(err);
	count = json_object_is_type(entries, json_type_array)
		    ? json_object_array_length(entries)
		    : 0;
	if (values->json)
		cli_print_json(cli, answer);
	else
		query_print(cli, json, entries, count);
	reach_note(json);
	return values->exit_code && count == 0 ? COMMAND_NO : COMMAND_DONE;
}

static enum command_exit
query_run(struct cli *cli, const void *values, char **operands)
{
	cleanup(buf_free) struct buf answer = BUF_INIT;
	struct query_values query = *(const struct query_values *)values;
	struct filter filter;
	struct error err = { 0 };
	int answered;

	(void)operands;
	if (selection_settle(&query.selection, clock_realtime(&clock_system),
		&cli->arena, &filter, &err) == -1)
		return cli_misused("%s", err.sentence);
	answered = query.dir != NULL
		       ? query_files(&query, &filter, &answer, &err)
		       : query_api(cli, &query, &answer, &err);
	if (answered == -1)
		return cli_fail(&err);
	return query_answer(cli, &query, &answer, &err);
}

const struct command_form query_form = {
	query_options,
	sizeof(struct query_values),
	query_run,
};
