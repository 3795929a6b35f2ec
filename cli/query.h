/* `kruxos audit query`: entries that match, from the daemon's index or from
 * files alone. */
#ifndef CLI_QUERY_H
#define CLI_QUERY_H

#include "cli/command.h"
#include "log/cursor.h"

extern const struct command_form query_form;

/* Append an entry as the API shows it: its line, and the file it stands in. */
void query_add_entry(const struct cursor_line *line, struct buf *out);

#endif
