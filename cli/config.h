/* `kruxos config check`: is the configuration right, and if not, what is
 * wrong? `kruxos config show`: which is in force, and who says so? */
#ifndef CLI_CONFIG_H
#define CLI_CONFIG_H

#include "cli/command.h"

extern const struct command_form config_check_form;
extern const struct command_form config_show_form;

#endif
