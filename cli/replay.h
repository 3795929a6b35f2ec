/* `kruxos replay`: recorded sessions, as if they happened now. */
#ifndef CLI_REPLAY_H
#define CLI_REPLAY_H

#include "cli/command.h"

extern const struct command_form replay_form;

#endif
