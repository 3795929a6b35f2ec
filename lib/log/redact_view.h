/* The same text with one level of escapes taken off.
 *
 * Only lines that have something to take off are looked at again, each stretch
 * of them as a view of its own. In one go: \" \\ \/ \n \u0067 \x67 of JSON and
 * of programming languages, a backslash before any other punctuation, a
 * backslash at the end of a line (which goes with it), %67 of URLs; and what
 * nobody sees is left out: zero-width characters, directions, variation
 * selectors, tags, the colours of a terminal. A view remembers where each of
 * its bytes came from.
 */
#ifndef LOG_REDACT_VIEW_H
#define LOG_REDACT_VIEW_H

#include "base/buf.h"
#include "log/redact_rule.h"

/* From `view` on, the view's bytes are the text's from `text` on. What the
 * view holds before it ends in the text at `before`. */
struct redact_view_part {
	size_t view;
	size_t before;
	size_t text;
};

struct redact_view {
	struct buf bytes;
	struct redact_view_part *parts;
	size_t count;
	size_t capacity;
};

#define REDACT_VIEW_INIT          \
	{                         \
		.bytes = BUF_INIT \
	}

/* The next stretch of `text` from `at` on, whole lines (and those that a
 * backslash at their end continues), and what is left of it with its escapes
 * taken off. False: there is none. */
bool redact_view_next(struct redact_view *view, struct slice text, size_t at,
    struct redact_span *ret_stretch);
void redact_view_free(struct redact_view *view);

/* Where in the text the view's span stands. */
struct redact_span
redact_view_outer(const struct redact_view *view, struct redact_span span);

#endif
