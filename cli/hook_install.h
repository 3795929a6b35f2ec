/* `kruxos hook install` and `uninstall`: kruxos-hook into a coding agent's own
 * settings, and out of them. */
#ifndef CLI_HOOK_INSTALL_H
#define CLI_HOOK_INSTALL_H

#include "cli/command.h"

extern const struct command_form hook_install_form;
extern const struct command_form hook_uninstall_form;

#endif
