/* `kruxos audit stats`: sums by status, tier, actor and capability. */
#ifndef CLI_STATS_H
#define CLI_STATS_H

#include "cli/command.h"

extern const struct command_form stats_form;

#endif
