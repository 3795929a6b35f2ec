/* `kruxos approve list`, `show`, `accept` and `reject`: a person's word on what
 * agents ask for. */
#ifndef CLI_APPROVE_H
#define CLI_APPROVE_H

#include "cli/command.h"

extern const struct command_form approve_list_form;
extern const struct command_form approve_show_form;
extern const struct command_form approve_accept_form;
extern const struct command_form approve_reject_form;

#endif
