#include "cli/row.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "cli/json.h"
#include "cli/words.h"

#include <inttypes.h>

enum {
	ROW_SUMMARY_BYTES = 1024, /* what a line can show of one, generously */
	ROW_ACTOR_COLUMNS = 18,	  /* in the live stream */
	ROW_CAPABILITY_COLUMNS = 20,
};

const struct table_column row_columns[] = {
	{ "SEQ", true, 0 },
	{ "TIME", false, 0 },
	{ "ACTOR", false, 32 },
	{ "CAPABILITY", false, 32 },
	{ "TIER", false, 0 },
	{ "STATUS", false, 0 },
	{ "DURATION", true, 0 },
	{ "SUMMARY", false, 0 },
};
const size_t row_columns_count = sizeof(row_columns) / sizeof(row_columns[0]);

static struct slice
row_actor(struct json_object *json, struct arena *arena)
{
	struct slice type = json_text(json, "actor_type");

	if (slice_is(type, "agent"))
		return json_text(json, "agent_name");
	if (slice_is(type, "user"))
		return slice_of(arena_printf(arena, "user %.*s",
		    SLICE_ARG(json_text(json, "user_name"))));
	return type;
}

/* "2026-11-23T20:15:08.123456Z" to "2026-11-23 20:15:08.123Z" */
static struct slice
row_time(struct slice time, struct arena *arena)
{
	usec_t moment;
	struct error ignored = { 0 };

	if (clock_parse(time, &moment, &ignored) == -1 ||
	    time.len + 1 != CLOCK_TEXT_SIZE)
		return time;
	return slice_of(
	    arena_printf(arena, "%.10s %.12sZ", time.data, time.data + 11));
}

static struct slice
row_duration(struct json_object *json, struct arena *arena)
{
	cleanup(buf_free) struct buf words = BUF_INIT;
	double duration = json_decimal(json, "duration_ms");

	if (duration < 0)
		return (struct slice){ "", 0 };
	words_add_duration(&words, duration);
	return arena_slice(arena, buf_slice(&words));
}

static struct slice
row_summary(struct json_object *json, struct arena *arena)
{
	struct slice summary = json_text(json, "summary");
	uint64_t erased_by = json_number(json, "erased_by");

	if (erased_by > 0)
		return slice_of(
		    arena_printf(arena, "(erased by %" PRIu64 ")", erased_by));
	if (summary.len > ROW_SUMMARY_BYTES)
		summary.len = text_cut(summary, ROW_SUMMARY_BYTES);
	return summary;
}

static enum terminal_colour
row_status_colour(struct slice status)
{
	static const struct {
		const char *status;
		enum terminal_colour colour;
	} colours[] = {
		{ "success", TERMINAL_GREEN },
		{ "error", TERMINAL_RED },
		{ "denied", TERMINAL_RED },
		{ "pending", TERMINAL_YELLOW },
	};

	for (size_t i = 0; i < sizeof(colours) / sizeof(colours[0]); i++) {
		if (slice_is(status, colours[i].status))
			return colours[i].colour;
	}
	return TERMINAL_PLAIN;
}

void
row_read(struct json_object *json, struct arena *arena, struct row *ret)
{
	struct row row = {
		.seq = slice_of(
		    arena_printf(arena, "%" PRIu64, json_number(json, "seq"))),
		.time = row_time(json_text(json, "time"), arena),
		.actor = row_actor(json, arena),
		.capability = json_text(json, "capability"),
		.tier = json_text(json, "policy_tier"),
		.status = json_text(json, "status"),
		.duration = row_duration(json, arena),
		.summary = row_summary(json, arena),
	};

	/* The strings that lie in `json` outlive it. */
	row.time = arena_slice(arena, row.time);
	row.actor = arena_slice(arena, row.actor);
	row.capability = arena_slice(arena, row.capability);
	row.tier = arena_slice(arena, row.tier);
	row.status = arena_slice(arena, row.status);
	row.summary = arena_slice(arena, row.summary);
	row.status_colour = row_status_colour(row.status);
	*ret = row;
}

void
row_add(const struct row *row, struct table *table)
{
	table_add(table, row->seq, TERMINAL_DIM);
	table_add(table, row->time, TERMINAL_PLAIN);
	table_add(table, row->actor, TERMINAL_PLAIN);
	table_add(table, row->capability, TERMINAL_PLAIN);
	table_add(table, row->tier, TERMINAL_PLAIN);
	table_add(table, row->status, row->status_colour);
	table_add(table, row->duration, TERMINAL_PLAIN);
	table_add(table, row->summary, TERMINAL_DIM);
}

/* `text` in exactly `columns`, and a gap. */
static void
row_add_field(struct buf *out, const struct terminal *terminal,
    struct slice text, size_t columns, enum terminal_colour colour)
{
	cleanup(buf_free) struct buf visible = BUF_INIT;
	cleanup(buf_free) struct buf fitted = BUF_INIT;

	text_add_visible(&visible, text, TEXT_ONE_LINE);
	table_add_cut(&fitted, buf_slice(&visible), columns);
	terminal_add(terminal, out, colour, buf_slice(&fitted));
	buf_add_chars(out, ' ', columns - text_columns(buf_slice(&fitted)) + 2);
}

void
row_add_line(
    const struct row *row, const struct terminal *terminal, struct buf *out)
{
	static const size_t before_summary =
	    sizeof("20:15:08.123Z") + 1 + ROW_ACTOR_COLUMNS + 2 +
	    ROW_CAPABILITY_COLUMNS + 2 + 7 + 2 + 8 + 2;
	cleanup(buf_free) struct buf visible = BUF_INIT;
	struct slice time = row->time;
	size_t room = ROW_SUMMARY_BYTES;

	/* The day is known to who watches. */
	if (time.len == sizeof("2026-11-23 20:15:08.123Z") - 1)
		time = (struct slice){ time.data + 11, time.len - 11 };
	if (terminal->columns > 0)
		room = terminal->columns > before_summary
			   ? terminal->columns - before_summary
			   : 0;
	row_add_field(
	    out, terminal, time, sizeof("20:15:08.123Z") - 1, TERMINAL_DIM);
	row_add_field(
	    out, terminal, row->actor, ROW_ACTOR_COLUMNS, TERMINAL_BOLD);
	row_add_field(out, terminal, row->capability, ROW_CAPABILITY_COLUMNS,
	    TERMINAL_PLAIN);
	row_add_field(out, terminal, row->status, 7, row->status_colour);
	row_add_field(out, terminal, row->duration, 8, TERMINAL_PLAIN);
	text_add_visible(&visible, row->summary, TEXT_ONE_LINE);
	if (room > 0)
		row_add_field(
		    out, terminal, buf_slice(&visible), room, TERMINAL_DIM);
	while (out->len > 0 && out->data[out->len - 1] == ' ')
		buf_set_len(out, out->len - 1);
	buf_add_char(out, '\n');
}
