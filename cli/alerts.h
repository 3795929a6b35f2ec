/* `kruxos alerts` and `kruxos alerts ack`. */
#ifndef CLI_ALERTS_H
#define CLI_ALERTS_H

#include "cli/command.h"

extern const struct command_form alerts_form;
extern const struct command_form alerts_ack_form;

#endif
