/* `kruxos audit verify`: is the log what was written? By the files alone. */
#ifndef CLI_VERIFY_H
#define CLI_VERIFY_H

#include "cli/command.h"

extern const struct command_form verify_form;

#endif
