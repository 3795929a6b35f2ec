/* `kruxos health`: is the machine healthy, and what it is made of? */
#ifndef CLI_HEALTH_H
#define CLI_HEALTH_H

#include "cli/command.h"

extern const struct command_form health_form;

#endif
