/* What a rule of redaction is, and what its check is given.
 *
 * A rule begins with an anchor: the few characters by which the search finds
 * it (redact_filter.h). Where they stand, the rule's check looks at what is
 * around them, says which bytes are secret, and where to go on.
 *
 * Linear by construction: a check that fails has looked at no more than some
 * hundreds of bytes, or at bytes whose end the scan remembers; one that
 * succeeds may go to the end of the text, but the search goes on behind it.
 */
#ifndef LOG_REDACT_RULE_H
#define LOG_REDACT_RULE_H

#include "base/slice.h"

#include <stdint.h>

/* Groups of characters, and the alphabets made of them. */
enum redact_alphabet {
	REDACT_2_7 = 1 << 0,
	REDACT_0_1_8_9 = 1 << 1,
	REDACT_A_F_LOWER = 1 << 2,
	REDACT_G_Z_LOWER = 1 << 3,
	REDACT_A_F_UPPER = 1 << 4,
	REDACT_G_Z_UPPER = 1 << 5,
	REDACT_UNDERSCORE = 1 << 6,
	REDACT_DASH = 1 << 7,
	REDACT_DOT = 1 << 8,
	REDACT_SLASH = 1 << 9,
	REDACT_PLUS = 1 << 10,
	REDACT_EQUALS = 1 << 11,
	REDACT_BLANK = 1 << 12, /* space and tab */
	REDACT_BREAK = 1 << 13, /* line feed and carriage return */
	REDACT_QUOTE = 1 << 14, /* " ' ` */
	REDACT_SHELL = 1 << 15, /* what ends a word in a shell: ; & | < > ( ) */

	REDACT_DIGIT = REDACT_2_7 | REDACT_0_1_8_9,
	REDACT_LOWER = REDACT_A_F_LOWER | REDACT_G_Z_LOWER,
	REDACT_UPPER = REDACT_A_F_UPPER | REDACT_G_Z_UPPER,
	REDACT_LETTER = REDACT_LOWER | REDACT_UPPER,
	REDACT_HEX_LOWER = REDACT_DIGIT | REDACT_A_F_LOWER,
	REDACT_HEX = REDACT_HEX_LOWER | REDACT_A_F_UPPER,
	REDACT_BASE32 = REDACT_UPPER | REDACT_2_7,
	REDACT_ALNUM = REDACT_LETTER | REDACT_DIGIT,
	REDACT_WORD = REDACT_ALNUM | REDACT_UNDERSCORE,
	REDACT_WORD_DASH = REDACT_WORD | REDACT_DASH,
	REDACT_WORD_DASH_DOT = REDACT_WORD_DASH | REDACT_DOT,
	REDACT_BASE64 = REDACT_ALNUM | REDACT_SLASH | REDACT_PLUS,
	REDACT_SPACE = REDACT_BLANK | REDACT_BREAK,
};

extern const uint16_t redact_rule_groups[256];

static inline bool
redact_rule_has(unsigned alphabet, char c)
{
	return (redact_rule_groups[(unsigned char)c] & alphabet) != 0;
}

/* Bytes that are secret: begin <= … < end. */
struct redact_span {
	size_t begin;
	size_t end;
};

struct redact_spans {
	struct redact_span *items;
	size_t count;
	size_t capacity;
};

#define REDACT_SPANS_INIT  \
	{                  \
		NULL, 0, 0 \
	}

void redact_rule_spans_free(struct redact_spans *spans);

/* One pass over one text. What stands before `floor` was found already: it
 * will be [REDACTED], so nothing looks at it again. */
struct redact_scan {
	struct slice text;
	size_t floor;
	size_t found_end; /* of the span that reaches furthest */
	size_t command;	  /* one of curl's stands before, and goes on to here */
	struct redact_span run; /* of REDACT_WORD_DASH, measured last */
	struct redact_spans *spans;
};

struct redact_rule;

/* Look at the anchor's characters [at, behind) and what is around them. Report
 * what is secret, and return where the search goes on: 0 if this is nothing. */
typedef size_t redact_check(struct redact_scan *scan,
    const struct redact_rule *rule, size_t at, size_t behind);

enum redact_flags {
	REDACT_ANY_CASE = 1 << 0,    /* the anchor, written in lower case */
	REDACT_BORDER = 1 << 1,	     /* no letter or digit before the anchor */
	REDACT_BORDER_DASH = 1 << 2, /* nor '_' nor '-' */
	REDACT_EXACT = 1 << 3,	     /* no letter or digit behind `shortest` */
	REDACT_VARIED = 1 << 4,	     /* see redact_rule_is_varied() */
};

/* An anchor is literal but for [classes] of characters and ranges, and what
 * matters of it is in its first four characters. */
struct redact_rule {
	const char *name;
	const char *anchor;
	redact_check *check;
	uint16_t alphabet; /* of what follows the anchor */
	uint16_t shortest; /* and how many characters of it at least */
	uint16_t cut;	   /* enough if the text ends in it; 0: never */
	uint16_t flags;
	uint16_t family; /* the check's own */
	uint16_t bytes;	 /* of the anchor's pattern, where it is asked often */
};

/* How many bytes of `text` from `at` the anchor takes; 0: it is not there. */
size_t redact_rule_anchor(
    const struct redact_rule *rule, struct slice text, size_t at);

/* How many characters any match of the anchor has. */
size_t redact_rule_anchor_length(const struct redact_rule *rule);

/* The character at `position` of an anchor's pattern, as a set of bytes. */
void redact_rule_anchor_set(
    const struct redact_rule *rule, size_t position, bool ret_set[static 256]);

/* The byte at `at`, NUL beyond the end; the byte before `at`, NUL at the
 * floor. NUL belongs to no alphabet. */
static inline char
redact_rule_byte(const struct redact_scan *scan, size_t at)
{
	return at < scan->text.len ? scan->text.data[at] : '\0';
}

static inline char
redact_rule_before(const struct redact_scan *scan, size_t at)
{
	return at > scan->floor ? scan->text.data[at - 1] : '\0';
}

/* Where the characters of `alphabet` end that begin at `at`; `limit` of them
 * at most. */
size_t redact_rule_run(
    const struct redact_scan *scan, unsigned alphabet, size_t at, size_t limit);

/* The same for REDACT_WORD_DASH, of any length, each run measured once. */
size_t redact_rule_word_run(struct redact_scan *scan, size_t at);

/* Where the string of a program ends that began before `at` with `quote`, at a
 * line's end at the latest (in JSON a line break is escaped), and where a word
 * of a shell, a URL or a sentence does; `limit` bytes looked at. The word also
 * ends at a character of `also`, and at NUL. */
size_t redact_rule_quoted_end(
    const struct redact_scan *scan, size_t at, char quote, size_t limit);
size_t redact_rule_word_end(
    const struct redact_scan *scan, size_t at, const char *also, size_t limit);

/* Does the text end at `at`, or say that more was left out ("...", "…")? */
bool redact_rule_is_cut(const struct redact_scan *scan, size_t at);

/* Bytes of a line break, and of blanks behind it, at `at`; 0: none. */
size_t redact_rule_break(const struct redact_scan *scan, size_t at);

/* The groups of all characters of [begin, end). */
unsigned
redact_rule_groups_of(const struct redact_scan *scan, size_t begin, size_t end);

/* Made by chance and not of words: has a digit, or both cases. */
bool
redact_rule_is_varied(const struct redact_scan *scan, size_t begin, size_t end);

/* [begin, end) is secret. */
void redact_rule_found(struct redact_scan *scan, size_t begin, size_t end);

#endif
