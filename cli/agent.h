/* `kruxos agent create`, `list`, `show`, `rotate` and `revoke`. */
#ifndef CLI_AGENT_H
#define CLI_AGENT_H

#include "cli/command.h"

extern const struct command_form agent_create_form;
extern const struct command_form agent_list_form;
extern const struct command_form agent_show_form;
extern const struct command_form agent_rotate_form;
extern const struct command_form agent_revoke_form;

#endif
