/* `kruxos passwd`. */
#ifndef CLI_PASSWD_H
#define CLI_PASSWD_H

#include "cli/command.h"

extern const struct command_form passwd_form;

#endif
