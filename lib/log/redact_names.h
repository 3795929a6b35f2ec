/* Secrets that are known by what stands before them: a name and "=", an
 * option, a header, a URL's user. */
#ifndef LOG_REDACT_NAMES_H
#define LOG_REDACT_NAMES_H

#include "log/redact_rule.h"

extern const struct redact_rule redact_names[];
extern const size_t redact_names_count;

/* See redact_is_secret_name(). */
bool redact_names_is_secret(struct slice name);

/* Where in `text`, the element of an array behind `before`, its secret begins:
 * it goes to the end. text.len: there is none. */
size_t redact_names_element(
    struct slice first, struct slice before, struct slice text);

#endif
