/* A table for a person: columns as wide as their widest cell. */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include "base/arena.h"
#include "cli/terminal.h"

struct table_column {
	const char *title;
	bool is_right; /* numbers stand on the right */
	size_t max;    /* columns of the screen at most; 0: no limit */
};

struct table_cell {
	struct slice text; /* made visible */
	size_t columns;
	enum terminal_colour colour;
};

struct table {
	const struct table_column *columns;
	size_t count;		  /* of columns */
	struct table_cell *cells; /* row after row */
	size_t used, capacity;	  /* of cells */
	struct arena *arena;
};

void table_init(struct table *table, const struct table_column *columns,
    size_t count, struct arena *arena);

/* The next cell, from left to right, then the next row. `text` may come from
 * anybody: it is made visible, on one line, and copied. */
void
table_add(struct table *table, struct slice text, enum terminal_colour colour);

/* The next cell: how long ago `time` (RFC 3339) was; "never" if it is empty. */
void table_add_since(struct table *table, struct slice time);

/* The next cell: when `time` (RFC 3339) is, to the second; "never" if it is
 * empty. */
void table_add_moment(struct table *table, struct slice time);

/* Append titles and rows. Every column but the last is padded; the last is cut
 * at the screen's edge, where there is one. */
void table_print(const struct table *table, const struct terminal *terminal,
    struct buf *out);

/* Append at most `max` columns of `text` (visible already); what was cut ends
 * in "…". */
void table_add_cut(struct buf *out, struct slice text, size_t max);

#endif
