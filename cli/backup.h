/* `kruxos backup`: the log, what no log can give back, and the configuration,
 * in one file, while everything runs. */
#ifndef CLI_BACKUP_H
#define CLI_BACKUP_H

#include "cli/command.h"

extern const struct command_form backup_form;

#endif
