/* `kruxos restore`: a backup takes the place of what is here, once it was
 * looked at. */
#ifndef CLI_RESTORE_H
#define CLI_RESTORE_H

#include "cli/command.h"

extern const struct command_form restore_form;

#endif
