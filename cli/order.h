/* `kruxos audit erase` and `kruxos reindex`: what the daemon is asked to do
 * through the door. */
#ifndef CLI_ORDER_H
#define CLI_ORDER_H

#include "cli/command.h"

extern const struct command_form order_erase_form;
extern const struct command_form order_reindex_form;

#endif
