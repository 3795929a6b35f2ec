/* `kruxos notify list` and `test`. */
#ifndef CLI_NOTIFY_H
#define CLI_NOTIFY_H

#include "cli/command.h"

extern const struct command_form notify_list_form;
extern const struct command_form notify_test_form;

#endif
