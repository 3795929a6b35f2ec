/* `kruxos completions bash`: a script made of the table of commands. */
#ifndef CLI_COMPLETIONS_H
#define CLI_COMPLETIONS_H

#include "cli/command.h"

/* Append the script. */
void completions_add_bash(struct buf *out);

extern const struct command_form completions_form;

#endif
