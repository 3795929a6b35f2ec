/* Text from outside: is it UTF-8, and what would it do to a terminal? */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/buf.h"

#include <stdint.h>

/* Bytes of `text` that are valid UTF-8 (RFC 3629: shortest form, no
 * surrogates, at most U+10FFFF); equals text.len when all of it is. */
size_t text_valid_bytes(struct slice text);

/* Append `text`; each maximal ill-formed part becomes one U+FFFD. */
void text_add_valid(struct buf *out, struct slice text);

/* Decode the character at the front of valid UTF-8. Returns its bytes (1–4);
 * 0 at the end, and for an ill-formed byte. */
size_t text_decode(struct slice text, uint32_t *ret_character);

/* Append a character as UTF-8; a surrogate or a number beyond U+10FFFF
 * becomes U+FFFD. */
void text_add_character(struct buf *out, uint32_t character);

/* The largest length <= `max` that does not cut a character of valid UTF-8. */
size_t text_cut(struct slice text, size_t max);

enum { TEXT_QUOTED_BYTES = 80 };

enum text_visible {
	TEXT_ONE_LINE,	/* newline and tab are made visible too */
	TEXT_MULTI_LINE /* newline and tab stand */
};

/* Append `text` for a terminal or a diagnostic: whatever a reader does not see
 * or sees elsewhere than it stands (C0, DEL, C1, bidi and zero-width
 * characters, fillers, selectors, tags, separators of lines: the table stands
 * in text.c) is written as \n, \r, \t, \e, \xNN (ASCII) or \u{NNNN};
 * ill-formed bytes as \xNN. A backslash stays one. */
void
text_add_visible(struct buf *out, struct slice text, enum text_visible how);

/* Append `text` between quotes as a sentence shows it: made visible on one
 * line, and what is beyond TEXT_QUOTED_BYTES left out, with a "…". */
void text_add_quoted(struct buf *out, struct slice text);

/* Columns that a terminal needs for `text` (wcwidth by Unicode's tables of
 * wide characters; what is invisible counts 0). */
size_t text_columns(struct slice text);

#endif
