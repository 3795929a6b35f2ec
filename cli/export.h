/* `kruxos audit export`: every entry that matches, as a stream. */
#ifndef CLI_EXPORT_H
#define CLI_EXPORT_H

#include "cli/command.h"

extern const struct command_form export_form;

#endif
