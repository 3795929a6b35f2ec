/* `kruxos login-link`. */
#ifndef CLI_LOGIN_LINK_H
#define CLI_LOGIN_LINK_H

#include "cli/command.h"

extern const struct command_form login_link_form;

#endif
