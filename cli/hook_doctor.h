/* `kruxos hook doctor`: are the coding agents of this machine recorded, and if
 * not, what is missing? */
#ifndef CLI_HOOK_DOCTOR_H
#define CLI_HOOK_DOCTOR_H

#include "cli/command.h"
#include "cli/hook_agent.h"

extern const struct command_form hook_doctor_form;

#endif
