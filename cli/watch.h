/* `kruxos watch`: entries as they become durable. */
#ifndef CLI_WATCH_H
#define CLI_WATCH_H

#include "cli/command.h"

extern const struct command_form watch_form;

#endif
