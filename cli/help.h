/* What `kruxos` says about itself, made of the table of commands. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "cli/command.h"

/* Append the help of one command: usage, options, examples. */
void help_add_command(const struct command *command, struct buf *out);

/* The words (ends in NULL) choose no command: show the help of all or of their
 * group, on stdout if it `is_wanted`, else on stderr; or say that they are
 * unknown. */
enum command_exit
help_without_command(struct cli *cli, char **words, bool is_wanted);

extern const struct command_form help_form;
extern const struct command_form help_version_form;

#endif
