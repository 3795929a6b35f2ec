/* `kruxos policy explain`: which line of kruxos.conf decides what an agent may.
 */
#ifndef CLI_POLICY_H
#define CLI_POLICY_H

#include "cli/command.h"

extern const struct command_form policy_explain_form;

#endif
