/* An entry as a person sees it: one row of a table, or one line of the live
 * stream. Read from JSON as the log and the API write it. */
#ifndef CLI_ROW_H
#define CLI_ROW_H

#include "base/arena.h"
#include "cli/table.h"

#include <json-c/json.h>

/* Slices lie in the arena. What an entry does not have is empty. */
struct row {
	struct slice seq;
	struct slice time;  /* "2026-11-23 20:15:08.123Z" */
	struct slice actor; /* "research-agent", "user joe", "system" */
	struct slice capability;
	struct slice tier;
	struct slice status;
	struct slice duration; /* "281 ms" */
	struct slice summary;  /* "(erased by 77)" where it was taken out */
	enum terminal_colour status_colour;
};

/* The entry `json`; whatever is missing or of another type stays empty. */
void row_read(struct json_object *json, struct arena *arena, struct row *ret);

/* The columns of a table of rows, and the cells of one. */
extern const struct table_column row_columns[];
extern const size_t row_columns_count;
void row_add(const struct row *row, struct table *table);

/* Append the row as one line of fixed columns, for what comes one by one. */
void row_add_line(
    const struct row *row, const struct terminal *terminal, struct buf *out);

#endif
