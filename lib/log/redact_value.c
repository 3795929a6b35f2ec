#include "log/redact_value.h"

#include "log/redact_rule.h"

#include <strings.h>

enum { PLACEHOLDER_RUN = 3 }; /* "***", "xxx" */

/* With these begin paths, addresses and expressions. */
#define PATHS "/~@&*!"

/* Values that say nothing. */
static const char *const nothing[] = { "true", "false", "yes", "no", "on",
	"off", "none", "null", "nil", "undefined", NULL };

/* What declarations, manuals and sentences have behind such a name. */
static const char *const words[] = { "a", "an", "and", "any", "arg", "argument",
	"arguments", "as", "at", "auth", "authentication", "be", "bool",
	"boolean", "by", "bytes", "can", "char", "const", "does", "file",
	"flag", "flags", "for", "from", "has", "header", "hidden", "if", "in",
	"int", "into", "is", "it", "must", "needs", "not", "number", "object",
	"of", "option", "optional", "options", "or", "parameter", "password",
	"prompt", "required", "scheme", "secret", "should", "str", "string",
	"support", "text", "that", "the", "this", "to", "token", "value", "via",
	"was", "when", "which", "will", "with", "without", "you", "your",
	NULL };

static const struct {
	const char *word;
	bool whole_line; /* not one word: a list of parameters */
} schemes[] = {
	{ "Bearer", false },
	{ "Basic", false },
	{ "Token", false },
	{ "ApiKey", false },
	{ "Key", false },
	{ "Bot", false },
	{ "Negotiate", false },
	{ "Digest", true },
	{ "OAuth", true },
	{ "AWS4-HMAC-SHA256", true },
};

bool
redact_value_is_one_of(struct slice text, const char *const *list)
{
	for (; *list != NULL; list++)
		if (strlen(*list) == text.len &&
		    strncasecmp(*list, text.data, text.len) == 0)
			return true;
	return false;
}

static bool
starts_and_ends(struct slice text, const char *start, const char *end)
{
	return text.len >= strlen(start) + strlen(end) &&
	       slice_starts_with(text, slice_of(start)) &&
	       slice_ends_with(text, slice_of(end));
}

/* "$NAME", "%s", "%(name)s": filled in by a shell or by printf(). */
static bool
is_variable(struct slice text, bool any_case)
{
	size_t at = 1;

	if (text.len == 0 || (text.data[0] != '$' && text.data[0] != '%'))
		return false;
	while (at < text.len &&
	       redact_rule_has(
		   any_case || text.data[0] == '%'
		       ? REDACT_WORD
		       : REDACT_UPPER | REDACT_DIGIT | REDACT_UNDERSCORE,
		   text.data[at]))
		at++;
	return at == text.len || starts_and_ends(text, "%(", "s") ||
	       starts_and_ends(text, "%", "%");
}

bool
redact_value_is_placeholder(struct slice value, bool any_case)
{
	size_t same = 0;

	while (same < value.len && value.data[same] == value.data[0])
		same++;
	if (same == value.len &&
	    (same == 0 || (same >= PLACEHOLDER_RUN &&
			      memchr("*.xX-_?", value.data[0], 7) != NULL)))
		return true;
	return slice_equal(value, SLICE_LITERAL("[REDACTED]")) ||
	       starts_and_ends(value, "<", ">") ||
	       starts_and_ends(value, "${", "}") ||
	       starts_and_ends(value, "$(", ")") ||
	       starts_and_ends(value, "{{", "}}") ||
	       slice_starts_with(value, SLICE_LITERAL("%s")) ||
	       is_variable(value, any_case) ||
	       redact_value_is_one_of(value, nothing);
}

struct tally {
	size_t lower, upper, digits, dots, others;
	bool code; /* brackets, blanks: an expression, a sentence */
};

static struct tally
count(struct slice value)
{
	struct tally tally = { 0 };

	for (size_t i = 0; i < value.len; i++) {
		char c = value.data[i];

		if (redact_rule_has(REDACT_LOWER, c))
			tally.lower++;
		else if (redact_rule_has(REDACT_UPPER, c))
			tally.upper++;
		else if (redact_rule_has(REDACT_DIGIT, c))
			tally.digits++;
		else if (c == '.')
			tally.dots++;
		else if (redact_rule_has(REDACT_SPACE | REDACT_SHELL, c) ||
			 memchr("[]{}", c, 4) != NULL)
			tally.code = true;
		else if (c != '_' && c != '-')
			tally.others++;
	}
	return tally;
}

bool
redact_value_is_word(struct slice value)
{
	while (value.len > 0 &&
	       memchr(".,:!?", value.data[value.len - 1], 5) != NULL)
		value.len--;
	return redact_value_is_one_of(value, words);
}

bool
redact_value_is_cookie(struct slice value)
{
	size_t at = 0;

	while (at < value.len &&
	       redact_rule_has(REDACT_WORD_DASH_DOT, value.data[at]))
		at++;
	return at > 0 && at + 1 < value.len && value.data[at] == '=' &&
	       !redact_rule_has(
		   REDACT_BLANK | REDACT_EQUALS, value.data[at + 1]);
}

/* A constant's name in a program: TOKEN=NEXT_TOKEN */
static bool
is_constant(struct slice value, const struct tally *tally)
{
	return tally->lower + tally->dots + tally->others == 0 &&
	       memchr(value.data, '_', value.len) != NULL;
}

bool
redact_value_is_possible(enum redact_family family, struct slice value)
{
	struct tally tally = count(value);

	if (family == REDACT_PASSWORD)
		return tally.lower + tally.upper + tally.digits > 0;
	return tally.lower + tally.upper > 0 && !is_constant(value, &tally);
}

/* Six characters with a digit or a sign among them; in quotes, four that are
 * no name. */
static bool
is_password(struct slice value, const struct tally *tally, bool quoted)
{
	if (quoted)
		return value.len >= 4 && !is_constant(value, tally);
	return value.len >= 6 && tally->lower + tally->upper > 0 &&
	       tally->digits + tally->others > 0 &&
	       (tally->dots == 0 || tally->others > 0);
}

bool
redact_value_is_plausible(
    enum redact_family family, struct slice value, bool quoted)
{
	struct tally tally = count(value);

	if (family == REDACT_COOKIE && redact_value_is_cookie(value))
		return true;
	if (tally.code || redact_value_is_word(value))
		return false;
	if (family == REDACT_PASSWORD)
		return (quoted || strchr(PATHS, value.data[0]) == NULL) &&
		       is_password(value, &tally, quoted);
	/* my-secret-2, token.type, next_token_v2 are names. */
	return strchr(PATHS, value.data[0]) == NULL && value.len >= 8 &&
	       tally.lower + tally.upper > 0 && tally.dots == 0 &&
	       (tally.digits >= 4 ||
		   (tally.digits >= 2 && tally.upper > 0 && tally.lower > 0));
}

size_t
redact_value_scheme(struct slice value, bool *ret_whole_line)
{
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		size_t len = strlen(schemes[i].word);

		if (value.len < len ||
		    strncasecmp(value.data, schemes[i].word, len) != 0)
			continue;
		if (value.len > len &&
		    !redact_rule_has(REDACT_BLANK, value.data[len]))
			continue;
		while (len < value.len &&
		       redact_rule_has(REDACT_BLANK, value.data[len]))
			len++;
		*ret_whole_line = schemes[i].whole_line;
		return len;
	}
	return 0;
}
