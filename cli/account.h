/* `kruxos account list` and `remove`. */
#ifndef CLI_ACCOUNT_H
#define CLI_ACCOUNT_H

#include "cli/command.h"

/* What an account may be, for the options of other commands, too. */
#define ACCOUNT_ROLES "viewer operator auditor"

extern const struct command_form account_list_form;
extern const struct command_form account_remove_form;

#endif
