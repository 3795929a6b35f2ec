/* `kruxos audit show`: one entry, all of it. */
#ifndef CLI_SHOW_H
#define CLI_SHOW_H

#include "cli/command.h"
#include "cli/json.h"

extern const struct command_form show_form;

/* Append the members of `object`, a line each; what is null is left out. */
void show_add(const struct terminal *terminal, struct json_object *object,
    struct buf *out);

#endif
