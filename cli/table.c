#include "cli/table.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "cli/words.h"

enum {
	TABLE_GAP = 2,		 /* between columns */
	TABLE_LAST_LEAST = 16,	 /* columns that the last one gets at least */
	TABLE_CELL_BYTES = 4096, /* more of one is never on a screen */
};

void
table_init(struct table *table, const struct table_column *columns,
    size_t count, struct arena *arena)
{
	*table = (struct table){
		.columns = columns,
		.count = count,
		.arena = arena,
	};
}

void
table_add_cut(struct buf *out, struct slice text, size_t max)
{
	size_t used = 0, at = 0, fits = 0;
	uint32_t character;

	if (text_columns(text) <= max) {
		buf_add_slice(out, text);
		return;
	}
	while (at < text.len) {
		struct slice rest = { text.data + at, text.len - at };
		size_t bytes = text_decode(rest, &character);

		if (bytes == 0)
			break;
		used += text_columns((struct slice){ rest.data, bytes });
		if (used + 1 > max)
			break;
		at += bytes;
		fits = at;
	}
	buf_add(out, text.data, fits);
	if (max > 0)
		buf_add_str(out, "…");
}

static struct table_cell *
table_next_cell(struct table *table)
{
	if (table->used == table->capacity) {
		size_t capacity = table->capacity * 2 + 64;
		struct table_cell *cells =
		    arena_array(table->arena, capacity, sizeof(*table->cells));

		if (table->used > 0)
			memcpy(cells, table->cells,
			    table->used * sizeof(*table->cells));
		table->cells = cells;
		table->capacity = capacity;
	}
	return &table->cells[table->used++];
}

void
table_add(struct table *table, struct slice text, enum terminal_colour colour)
{
	cleanup(buf_free) struct buf visible = BUF_INIT;
	cleanup(buf_free) struct buf fitted = BUF_INIT;
	const struct table_column *column;
	struct table_cell *cell;

	column = &table->columns[table->used % table->count];
	cell = table_next_cell(table);
	if (text.len > TABLE_CELL_BYTES)
		text.len = text_cut(text, TABLE_CELL_BYTES);
	text_add_visible(&visible, text, TEXT_ONE_LINE);
	if (column->max > 0)
		table_add_cut(&fitted, buf_slice(&visible), column->max);
	else
		buf_add_slice(&fitted, buf_slice(&visible));
	*cell = (struct table_cell){
		.text = arena_slice(table->arena, buf_slice(&fitted)),
		.columns = text_columns(buf_slice(&fitted)),
		.colour = colour,
	};
}

void
table_add_since(struct table *table, struct slice time)
{
	cleanup(buf_free) struct buf words = BUF_INIT;

	if (time.len == 0)
		buf_add_str(&words, "never");
	else
		words_add_since(&words, time);
	table_add(table, buf_slice(&words), TERMINAL_PLAIN);
}

void
table_add_moment(struct table *table, struct slice time)
{
	cleanup(buf_free) struct buf words = BUF_INIT;

	if (time.len == 0)
		buf_add_str(&words, "never");
	else
		words_add_moment(&words, time);
	table_add(table, buf_slice(&words), TERMINAL_PLAIN);
}

static size_t
table_width(const struct table *table, size_t column)
{
	size_t width = text_columns(slice_of(table->columns[column].title));

	for (size_t i = column; i < table->used; i += table->count) {
		if (table->cells[i].columns > width)
			width = table->cells[i].columns;
	}
	return width;
}

/* The last cell ends at the screen's edge. */
static void
table_print_last(const struct terminal *terminal, const struct table_cell *cell,
    size_t left, struct buf *out)
{
	cleanup(buf_free) struct buf text = BUF_INIT;
	size_t room = cell->columns;

	if (terminal->columns > 0 && left + room > terminal->columns)
		room = terminal->columns > left + TABLE_LAST_LEAST
			   ? terminal->columns - left
			   : TABLE_LAST_LEAST;
	table_add_cut(&text, cell->text, room);
	terminal_add(terminal, out, cell->colour, buf_slice(&text));
}

static void
table_print_row(const struct table *table, const struct terminal *terminal,
    const struct table_cell *cells, const size_t *widths, struct buf *out)
{
	size_t left = 0;

	for (size_t i = 0; i + 1 < table->count; i++) {
		size_t padding = widths[i] - cells[i].columns;

		if (table->columns[i].is_right)
			buf_add_chars(out, ' ', padding);
		terminal_add(terminal, out, cells[i].colour, cells[i].text);
		if (!table->columns[i].is_right)
			buf_add_chars(out, ' ', padding);
		buf_add_chars(out, ' ', TABLE_GAP);
		left += widths[i] + TABLE_GAP;
	}
	table_print_last(terminal, &cells[table->count - 1], left, out);
	while (out->len > 0 && out->data[out->len - 1] == ' ')
		buf_set_len(out, out->len - 1);
	buf_add_char(out, '\n');
}

void
table_print(
    const struct table *table, const struct terminal *terminal, struct buf *out)
{
	size_t *widths;
	struct table_cell *titles;

	widths = arena_array(table->arena, table->count, sizeof(*widths));
	titles = arena_array(table->arena, table->count, sizeof(*titles));
	for (size_t i = 0; i < table->count; i++) {
		widths[i] = table_width(table, i);
		titles[i] = (struct table_cell){
			.text = slice_of(table->columns[i].title),
			.columns =
			    text_columns(slice_of(table->columns[i].title)),
			.colour = TERMINAL_BOLD,
		};
	}
	table_print_row(table, terminal, titles, widths, out);
	for (size_t i = 0; i + table->count <= table->used; i += table->count)
		table_print_row(table, terminal, table->cells + i, widths, out);
}
