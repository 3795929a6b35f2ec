/* `kruxos audit show`: one entry, all of it. */
#ifndef CLI_SHOW_H
#define CLI_SHOW_H

#include "cli/command.h"
#include "cli/json.h"

/* Append "key             value", the value's further lines below its first;
 * what could do something to a terminal is made visible. */
void show_add_field(const struct terminal *terminal, const char *key,
    struct slice value, struct buf *out);

/* Append the members of `object`, a line each; what is null is left out. */
void show_add(const struct terminal *terminal, struct json_object *object,
    struct buf *out);

extern const struct command_form show_form;

#endif
