/* Runs of base64 (RFC 4648, both alphabets) that may hold a text. */
#ifndef LOG_REDACT_BASE64_H
#define LOG_REDACT_BASE64_H

#include "base/buf.h"
#include "log/redact_rule.h"

enum {
	REDACT_BASE64_SHORTEST = 40, /* characters of a run worth a look */
	REDACT_BASE64_PHASES = 4,    /* characters to skip before one decodes */
};

/* The next run from `at` on: at least 40 characters, with its padding; it may
 * go on over line breaks. Those with letters of one case only hold no text and
 * are passed over. False: there is none. */
bool
redact_base64_next(struct slice text, size_t at, struct redact_span *ret_run);

/* May the run hold readable text at all? A quick no for most that do not. */
bool redact_base64_may_be_text(struct slice run);

/* Decode the run into `out` (replacing what it held), leaving out its first
 * `phase` characters: a path or a name may be glued to its front. False if
 * nothing in it could be read by people. */
bool redact_base64_decode(struct slice run, unsigned phase, struct buf *out);

#endif
