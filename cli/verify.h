/* `kruxos audit verify`: is the log what was written? By the files alone. */
#ifndef CLI_VERIFY_H
#define CLI_VERIFY_H

#include "cli/command.h"
#include "log/chain.h"

/* chain_verify() by all processors, with a bar while it lasts. */
int verify_with_bar(const char *dir, const struct chain_options *options,
    struct chain_result *ret_result, struct error *err);

extern const struct command_form verify_form;

#endif
