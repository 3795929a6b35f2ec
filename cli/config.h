/* `kruxos config check`: is the configuration right, and if not, what is
 * wrong? */
#ifndef CLI_CONFIG_H
#define CLI_CONFIG_H

#include "cli/command.h"

extern const struct command_form config_check_form;

#endif
