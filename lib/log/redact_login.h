/* name:password, in URLs and behind an option of curl. */
#ifndef LOG_REDACT_LOGIN_H
#define LOG_REDACT_LOGIN_H

#include "log/redact_rule.h"

extern const struct redact_rule redact_login[];
extern const size_t redact_login_count;

/* The arguments of a command: does `before` make `text` a name and a password
 * for `command`? Where the password begins; text.len: it does not. */
size_t redact_login_argument(
    struct slice command, struct slice before, struct slice text);

#endif
