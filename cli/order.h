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

/* Have `verb` done to each of `operands`, as its argument `key`, until one
 * fails, and say so of each: "silence 7 has ended" of the `noun` "silence" and
 * the `words` "has ended". */
enum command_exit order_each(struct cli *cli, const char *verb, const char *key,
    char **operands, const char *noun, const char *words);

extern const struct command_form order_erase_form;
extern const struct command_form order_reindex_form;

#endif
