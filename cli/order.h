/* What the daemon is asked to do through the door; `kruxos audit erase` and
 * `kruxos reindex`. */
#ifndef CLI_ORDER_H
#define CLI_ORDER_H

#include "base/buf.h"
#include "cli/command.h"

/* Have `verb` done, with a bar while it lasts; the daemon's answer is appended
 * to `result`. Errors are the door's. */
int order_run(struct cli *cli, const char *verb, struct slice args,
    const char *label, struct buf *result, struct error *err);

extern const struct command_form order_erase_form;
extern const struct command_form order_reindex_form;

#endif
