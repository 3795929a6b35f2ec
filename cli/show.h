/* `kruxos audit show`: one entry, all of it. */
#ifndef CLI_SHOW_H
#define CLI_SHOW_H

#include "cli/command.h"

extern const struct command_form show_form;

#endif
