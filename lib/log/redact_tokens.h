/* Secrets that are known by their shape: a prefix, an alphabet, a length. */
#ifndef LOG_REDACT_TOKENS_H
#define LOG_REDACT_TOKENS_H

#include "log/redact_rule.h"

extern const struct redact_rule redact_tokens[];
extern const size_t redact_tokens_count;

#endif
