/* `kruxos token create`, `list` and `revoke`. */
#ifndef CLI_TOKEN_H
#define CLI_TOKEN_H

#include "cli/command.h"

extern const struct command_form token_create_form;
extern const struct command_form token_list_form;
extern const struct command_form token_revoke_form;

#endif
