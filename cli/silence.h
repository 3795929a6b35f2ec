/* `kruxos silence add`, `list` and `remove`. */
#ifndef CLI_SILENCE_H
#define CLI_SILENCE_H

#include "cli/command.h"

extern const struct command_form silence_add_form;
extern const struct command_form silence_list_form;
extern const struct command_form silence_remove_form;

#endif
