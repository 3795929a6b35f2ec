/* What an agent handed over, within our bounds: pure.
 *
 * An agent may say megabytes at once, with bytes that are no UTF-8, nested
 * deeper than an entry may be; what happened is to be recorded none the less.
 * The text is looked at as bytes, without being read: strings are cut from the
 * longest down, each ending in "…[cut 12345 bytes]", what is nested too deep
 * becomes a string that says so, and what is no UTF-8 becomes U+FFFD. Text that
 * is JSON stays JSON.
 */
#ifndef HOOK_SHORTEN_H
#define HOOK_SHORTEN_H

#include "base/buf.h"

enum {
	SHORTEN_DEPTH = 30, /* an entry's request goes a little deeper */
	/* Where even so it cannot be read: without what nests within a tool's
	 * arguments, then without them. */
	SHORTEN_ARGUMENTS = 2,
	SHORTEN_EVENT = 1,
};

/* Does `text` go beyond `most` bytes, SHORTEN_DEPTH, or UTF-8? */
bool shorten_is_needed(struct slice text, size_t most);

/* Append `text`, shortened, without what is nested deeper than `deepest`. What
 * has few strings to cut may still be longer than `most`. */
void shorten(struct slice text, size_t most, size_t deepest, struct buf *out);

#endif
