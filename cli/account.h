/* `kruxos account list`, `role` and `remove`. */
#ifndef CLI_ACCOUNT_H
#define CLI_ACCOUNT_H

#include "cli/command.h"

/* What an account may be, for the options of other commands, too. */
#define ACCOUNT_ROLES "viewer operator auditor"

/* Say what account.set has answered, {"name":"alice","role":"viewer","created":
 * true}: the account is made, or `changed`. */
enum command_exit
account_say_set(const struct buf *result, const char *changed);

/* Whoever asks, where no account is named. NULL: ERROR_NOT_FOUND. */
const char *account_caller(struct error *err);

extern const struct command_form account_list_form;
extern const struct command_form account_role_form;
extern const struct command_form account_remove_form;

#endif
