/* What stands behind a secret's name: is it one, or a placeholder, a word of a
 * sentence, an expression of a program? */
#ifndef LOG_REDACT_VALUE_H
#define LOG_REDACT_VALUE_H

#include "base/slice.h"

/* What a name says about its value. */
enum redact_family {
	REDACT_PASSWORD,      /* chosen by people: short, any character */
	REDACT_SECRET,	      /* made by machines: long, with digits */
	REDACT_WEAK,	      /* as often a word: "auth: basic" */
	REDACT_COOKIE,	      /* name=value; … */
	REDACT_AUTHORIZATION, /* a scheme, then the secret */
};

/* Is `text` a word of the list, in any case? The list ends in NULL. */
bool redact_value_is_one_of(struct slice text, const char *const *list);

/* Nothing, "***", "null", "<password>", "${PASSWORD}", "%s". `any_case`: also
 * "$password", which a program would fill in and a person might have chosen. */
bool redact_value_is_placeholder(struct slice value, bool any_case);

/* A word of a sentence about the name: "the --token flag." */
bool redact_value_is_word(struct slice value);

/* "sid=…", with which the value of Cookie: begins. */
bool redact_value_is_cookie(struct slice value);

/* Where nothing but a secret can stand, as behind "PASSWORD=" of a shell: is
 * there anything but the name of a constant? */
bool redact_value_is_possible(enum redact_family family, struct slice value);

/* Where anything may stand: would somebody, or something, have made this up to
 * keep others out? `quoted`: it is a string of a program. */
bool redact_value_is_plausible(
    enum redact_family family, struct slice value, bool quoted);

/* The length of the scheme in front of a value, with the blanks behind it:
 * "Bearer "; 0: there is none. The secret behind it is a word, or all the rest
 * of the line. */
size_t redact_value_scheme(struct slice value, bool *ret_whole_line);

#endif
