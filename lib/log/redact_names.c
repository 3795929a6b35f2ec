#include "log/redact_names.h"

#include <strings.h>

enum {
	NAME_BYTES = 64,     /* of an identifier that are looked at */
	BLANK_BYTES = 16,    /* around a separator */
	HEAD_BYTES = 256,    /* of a value by which it is judged */
	LINE_BYTES = 512,    /* looked back for the command or a quote */
	PLACEHOLDER_RUN = 3, /* "***", "xxx" */
};

/* What a name says about its value. */
enum family {
	PASSWORD,      /* chosen by people: short, any character */
	SECRET,	       /* made by machines: long, with digits */
	WEAK,	       /* as often a word: "auth: basic" */
	COOKIE,	       /* name=value; … */
	AUTHORIZATION, /* a scheme, then the secret */
};

static redact_check named, bearer, signature, curl_user, url;

const struct redact_rule redact_names[] = {
#define NAME(anchor, family)                                             \
	{                                                                \
		"name", anchor, named, 0, 0, 0, REDACT_ANY_CASE, family, \
		    sizeof(anchor) - 1                                   \
	}
	NAME("pass", PASSWORD),
	NAME("passwd", PASSWORD),
	NAME("password", PASSWORD),
	NAME("passwords", PASSWORD),
	NAME("passphrase", PASSWORD),
	NAME("secret", SECRET),
	NAME("secrets", SECRET),
	NAME("secret[ _-]key", SECRET),
	NAME("secretkey", SECRET),
	NAME("secret[_-]access[_-]key", SECRET),
	NAME("secretaccesskey", SECRET),
	NAME("token", SECRET),
	NAME("api[ _-]key", SECRET),
	NAME("apikey", SECRET),
	NAME("private[ _-]key", SECRET),
	NAME("privatekey", SECRET),
	NAME("account[_-]key", SECRET),
	NAME("accountkey", SECRET),
	NAME("access[_-]key", SECRET),
	NAME("accesskey", SECRET),
	NAME("auth", WEAK),
	NAME("credential", WEAK),
	NAME("credentials", WEAK),
	NAME("cookie", COOKIE),
	NAME("cookies", COOKIE),
	NAME("authorization", AUTHORIZATION),
#undef NAME
	{ "bearer", "bearer ", bearer,
	    REDACT_WORD_DASH_DOT | REDACT_SLASH | REDACT_PLUS | REDACT_EQUALS,
	    16, 0, REDACT_ANY_CASE },
	{ "signature", "sig=", signature,
	    REDACT_BASE64 | REDACT_WORD_DASH | REDACT_EQUALS, 16, 0, 0 },
	{ "curl", "[ \"']-[uU][ =\"'A-Za-z0-9]", curl_user },
	{ "curl", "--user[ =\"']", curl_user },
	{ "curl", "--proxy-user[ =\"']", curl_user },
	{ "url", "[A-Za-z0-9]://", url },
};

const size_t redact_names_count =
    sizeof(redact_names) / sizeof(redact_names[0]);

/* Words that end like a name and are none. */
static const char *const innocent[] = { "bypass", "compass", "encompass",
	"overpass", "surpass", "trespass", "underpass", NULL };

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

/* A name in its text, and what follows. */
struct place {
	enum family family;
	size_t begin; /* of the identifier: "--db-password" */
	size_t end;
	char quote;   /* behind it, NUL: none */
	bool option;  /* begins with a dash */
	bool header;  /* has one within: X-Api-Key */
	bool certain; /* anything behind it is secret, whatever it looks like */
	char separator;
	size_t value; /* where that begins, its own quote in front */
};

static bool
is_one_of(struct slice text, const char *const *list)
{
	for (; *list != NULL; list++)
		if (strlen(*list) == text.len &&
		    strncasecmp(*list, text.data, text.len) == 0)
			return true;
	return false;
}

static bool
is_innocent(struct slice name)
{
	size_t word = name.len;

	while (word > 0 && redact_rule_has(REDACT_LETTER, name.data[word - 1]))
		word--;
	return is_one_of(
	    (struct slice){ name.data + word, name.len - word }, innocent);
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

/* Stands for a secret, and is none. */
static bool
is_placeholder(struct slice value, bool any_case)
{
	size_t same = 0;

	while (same < value.len && value.data[same] == value.data[0])
		same++;
	if (same == value.len &&
	    (same == 0 || (same >= PLACEHOLDER_RUN &&
			      memchr("*.xX-_?", value.data[0], 7) != NULL)))
		return true;
	return slice_starts_with(value, SLICE_LITERAL("[REDACTED]")) ||
	       starts_and_ends(value, "<", ">") ||
	       starts_and_ends(value, "${", "}") ||
	       starts_and_ends(value, "$(", ")") ||
	       starts_and_ends(value, "{{", "}}") ||
	       slice_starts_with(value, SLICE_LITERAL("%s")) ||
	       is_variable(value, any_case) || is_one_of(value, nothing);
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

/* A word of a sentence about the name, not a value: "the --token flag." */
static bool
is_word(struct slice value)
{
	while (value.len > 0 &&
	       memchr(".,:!?", value.data[value.len - 1], 5) != NULL)
		value.len--;
	return is_one_of(value, words);
}

/* "sid=…", with which the value of Cookie: begins. */
static bool
is_cookie(struct slice value)
{
	size_t at = 0;

	while (at < value.len &&
	       redact_rule_has(REDACT_WORD_DASH_DOT, value.data[at]))
		at++;
	return at > 0 && at + 1 < value.len && value.data[at] == '=' &&
	       !redact_rule_has(
		   REDACT_BLANK | REDACT_EQUALS, value.data[at + 1]);
}

/* Would somebody, or something, have made this up to keep others out? */
static bool
is_plausible(enum family family, struct slice value)
{
	struct tally tally = count(value);
	size_t letters = tally.lower + tally.upper;

	if (family == COOKIE && is_cookie(value))
		return true;
	if (tally.code || is_word(value))
		return false;
	if (memchr("/~@&*!", value.data[0], 6) != NULL)
		return false;
	switch (family) {
	case PASSWORD:
		return value.len >= 6 && letters > 0 &&
		       tally.digits + tally.others > 0 &&
		       (tally.dots == 0 || tally.others > 0);
	default:
		return value.len >= 8 && letters > 0 && tally.dots == 0 &&
		       (tally.digits >= 4 ||
			   (tally.digits >= 2 && tally.upper > 0 &&
			       tally.lower > 0));
	}
}

/* The scheme in front of a value, with the blanks behind it: "Bearer ". */
static size_t
scheme_length(struct slice value, bool *ret_whole_line)
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

bool
redact_names_is_secret(struct slice name)
{
	while (name.len > 0 &&
	       !redact_rule_has(REDACT_ALNUM, name.data[name.len - 1]))
		name.len--;
	if (name.len < 4)
		return false;
	for (size_t i = 0; i < redact_names_count; i++) {
		const struct redact_rule *rule = &redact_names[i];
		size_t len;

		/* Asked for every key of every entry, so the last letter, which
		 * no name has as a class, goes first: 40 ns. */
		if (rule->check != named ||
		    rule->anchor[rule->bytes - 1] !=
			(name.data[name.len - 1] | 0x20))
			continue;
		len = redact_rule_anchor_length(rule);
		if (name.len >= len &&
		    redact_rule_anchor(rule, name, name.len - len) == len)
			return !is_innocent(name);
	}
	return false;
}

/* The identifier whose end is a secret's name. */
static void
read_name(const struct redact_scan *scan, const struct redact_rule *rule,
    size_t at, size_t behind, struct place *ret)
{
	size_t begin = at;
	char quote = redact_rule_byte(scan, behind), before;

	while (at - begin < NAME_BYTES && redact_rule_has(REDACT_WORD_DASH_DOT,
					      redact_rule_before(scan, begin)))
		begin--;
	before = redact_rule_before(scan, begin);
	*ret = (struct place){
		.family = (enum family)rule->family,
		.begin = begin,
		.end = behind,
		.quote = redact_rule_has(REDACT_QUOTE, quote) ? quote : '\0',
		.option = scan->text.data[begin] == '-' &&
			  !redact_rule_has(REDACT_WORD_DASH_DOT, before) &&
			  memchr("*/$", before, 3) == NULL,
	};
	for (size_t i = begin; i < behind; i++)
		ret->header = ret->header || scan->text.data[i] == '-';
	ret->header = ret->header && !ret->option;
}

/* PGPASSWORD=, ?token=: nothing but the value can stand behind these. */
static bool
is_assigned(const struct redact_scan *scan, const struct place *place)
{
	char before = redact_rule_before(scan, place->begin);

	if (before == '?' || before == '&' || place->option)
		return true;
	for (size_t i = place->begin; i < place->end; i++)
		if (redact_rule_has(REDACT_LOWER | REDACT_DASH | REDACT_DOT,
			scan->text.data[i]))
			return false;
	return true;
}

/* What stands between the name and its value. */
static bool
read_separator(const struct redact_scan *scan, struct place *place)
{
	size_t at = place->end + (place->quote != '\0');
	bool bracket =
	    place->quote != '\0' && redact_rule_byte(scan, at) == ']';
	size_t mark =
	    redact_rule_run(scan, REDACT_BLANK, at + bracket, BLANK_BYTES);
	bool spaced = mark > at + bracket;
	char c = redact_rule_byte(scan, mark);
	char next = redact_rule_byte(scan, mark + 1);

	place->separator = c;
	if (c == ':' && next != ':') {
		/* urn:…:token:…, arn:…:secret:… */
		if (redact_rule_before(scan, place->begin) == ':')
			return false;
		place->value = mark + 1 + (next == '=');
		place->certain =
		    place->quote != '\0' || (place->header && !spaced);
	} else if (c == '=' && next != '=' && next != '~') {
		place->value = mark + 1 + (next == '>');
		place->certain =
		    place->quote != '\0' ||
		    (!spaced && !redact_rule_has(REDACT_BLANK, next) &&
			is_assigned(scan, place));
	} else if (c == ',' && place->quote != '\0') {
		place->value = mark + 1;
		place->certain = place->option;
		if (!place->option && !place->header &&
		    place->family != AUTHORIZATION)
			return false;
	} else if (place->option && spaced) {
		place->value = mark;
		place->certain = true;
	} else {
		return false;
	}
	place->value =
	    redact_rule_run(scan, REDACT_BLANK, place->value, BLANK_BYTES);
	return true;
}

/* A quote behind an odd number of its like ends a string: "password: " + … */
static bool
is_closing(const struct redact_scan *scan, size_t at, char quote)
{
	size_t start = at > LINE_BYTES ? at - LINE_BYTES : 0;
	bool odd = false;

	for (; at > start && scan->text.data[at - 1] != '\n'; at--)
		odd ^= scan->text.data[at - 1] == quote;
	return odd;
}

/* Where the string that began before `at` ends, `limit` bytes looked at. */
static size_t
quoted_end(const struct redact_scan *scan, size_t at, char quote, size_t limit)
{
	size_t end = scan->text.len - at > limit ? at + limit : scan->text.len;

	for (; at < end; at++) {
		if (scan->text.data[at] == quote)
			return at;
		if (scan->text.data[at] == '\\')
			at++;
	}
	return end;
}

/* Where a word of a shell, a URL or a sentence ends. */
static size_t
word_end(const struct redact_scan *scan, size_t at, bool certain, size_t limit)
{
	size_t end = scan->text.len - at > limit ? at + limit : scan->text.len;
	unsigned stop = REDACT_SPACE | REDACT_QUOTE | REDACT_SHELL;

	for (; at < end; at++) {
		char c = scan->text.data[at];

		if (redact_rule_has(stop, c) || c == '\\')
			break;
		if (!certain && memchr(",[]{}", c, 5) != NULL)
			break;
	}
	return at;
}

/* The end of the line, or of the string that this header stands in. */
static size_t
line_end(const struct redact_scan *scan, const struct place *place, size_t at,
    size_t limit)
{
	size_t end = scan->text.len - at > limit ? at + limit : scan->text.len;
	char quote = redact_rule_before(scan, place->begin);

	if (!redact_rule_has(REDACT_QUOTE, quote))
		quote = '\n';
	for (; at < end; at++) {
		char c = scan->text.data[at];

		if (redact_rule_has(REDACT_BREAK, c) || c == quote || c == '\\')
			break;
	}
	return at;
}

/* The value as a function of how far one looks; judged by its head first, so
 * that a value that is none costs no more than that. */
struct extent {
	char quote; /* its own, or NUL */
	bool whole_line;
	size_t begin;
};

static size_t
extent_end(const struct redact_scan *scan, const struct place *place,
    const struct extent *extent, size_t limit)
{
	if (extent->quote != '\0')
		return quoted_end(scan, extent->begin, extent->quote, limit);
	if (extent->whole_line)
		return line_end(scan, place, extent->begin, limit);
	return word_end(scan, extent->begin, place->certain, limit);
}

static struct slice
extent_head(const struct redact_scan *scan, const struct place *place,
    const struct extent *extent)
{
	size_t end = extent_end(scan, place, extent, HEAD_BYTES);

	return (struct slice){ scan->text.data + extent->begin,
		end - extent->begin };
}

/* Quotes, b"…" of Python, and a scheme in front. */
static bool
read_extent(
    const struct redact_scan *scan, struct place *place, struct extent *ret)
{
	size_t at = place->value;
	char c = redact_rule_byte(scan, at);
	struct slice rest;

	*ret = (struct extent){ .begin = at };
	if (memchr("bfru", c, 4) != NULL &&
	    memchr("\"'", redact_rule_byte(scan, at + 1), 2) != NULL)
		c = redact_rule_byte(scan, ++at);
	if (redact_rule_has(REDACT_QUOTE, c)) {
		if (place->quote == '\0' && is_closing(scan, place->begin, c))
			return false;
		ret->quote = c;
		ret->begin = at + 1;
	}
	if (place->separator == ',' && ret->quote == '\0')
		return false;
	/* {"password": input()}: a string has quotes where the name has. */
	if (place->quote != '\0' && ret->quote == '\0' && !place->option)
		place->certain = false;
	if (place->family == COOKIE && place->separator == ':')
		ret->whole_line = true;
	if (place->family != AUTHORIZATION)
		return true;
	rest = (struct slice){ scan->text.data + ret->begin,
		scan->text.len - ret->begin };
	ret->begin += scheme_length(rest, &ret->whole_line);
	return true;
}

/* A constant's name in a program: TOKEN=NEXT_TOKEN */
static bool
is_constant(struct slice value, const struct tally *tally)
{
	return tally->lower + tally->dots + tally->others == 0 &&
	       memchr(value.data, '_', value.len) != NULL;
}

/* Behind "password=" of a shell, "--password " or "X-Api-Key:", where short
 * values and words count too. */
static bool
is_certain(const struct place *place, struct slice value)
{
	struct tally tally = count(value);

	if (place->separator != '=' &&
	    (is_word(value) || (place->option && value.data[0] == '-')))
		return false;
	if (place->family == PASSWORD)
		return tally.lower + tally.upper + tally.digits > 0;
	return tally.lower + tally.upper > 0 && !is_constant(value, &tally);
}

static bool
is_secret(const struct redact_scan *scan, const struct place *place,
    const struct extent *extent)
{
	struct slice head = extent_head(scan, place, extent);
	bool scheme = place->family == AUTHORIZATION &&
		      extent->begin > place->value + (extent->quote != '\0');
	bool quotes = place->quote != '\0' && extent->quote != '\0';
	char behind = redact_rule_byte(scan, extent->begin + head.len);

	if (is_placeholder(head, !quotes))
		return false;
	if (scheme)
		return !is_word(head);
	if (extent->whole_line)
		return is_cookie(head);
	if (quotes && place->certain && !place->option)
		return true;
	/* A call, an index, an initialiser. */
	if (extent->quote == '\0' && memchr("([{", behind, 3) != NULL)
		return false;
	if (place->certain && place->family < WEAK)
		return is_certain(place, head);
	if (place->family == PASSWORD && extent->quote != '\0') {
		struct tally tally = count(head);

		return head.len >= 4 && !tally.code && !is_word(head) &&
		       !is_constant(head, &tally);
	}
	return is_plausible(place->family, head);
}

/* The search goes on within the value: what ends at the first blank may be the
 * front of a private key. A value within a value has nothing to add. */
static size_t
named(struct redact_scan *scan, const struct redact_rule *rule, size_t at,
    size_t behind)
{
	struct place place;
	struct extent extent;
	struct slice name;

	if (at < scan->found_end ||
	    redact_rule_has(REDACT_WORD_DASH, redact_rule_byte(scan, behind)))
		return 0;
	read_name(scan, rule, at, behind, &place);
	name = (struct slice){ scan->text.data + place.begin,
		behind - place.begin };
	if (is_innocent(name) || !read_separator(scan, &place) ||
	    !read_extent(scan, &place, &extent) ||
	    !is_secret(scan, &place, &extent))
		return 0;
	redact_rule_found(scan, extent.begin,
	    extent_end(scan, &place, &extent, scan->text.len));
	return extent.begin;
}

/* Without its header, as in lists of headers that have been taken apart. */
static size_t
bearer(struct redact_scan *scan, const struct redact_rule *rule, size_t at,
    size_t behind)
{
	size_t head =
	    redact_rule_run(scan, rule->alphabet, behind, rule->shortest);
	size_t end;

	if (redact_rule_has(REDACT_WORD, redact_rule_before(scan, at)) ||
	    head < behind + rule->shortest ||
	    !redact_rule_is_varied(scan, behind, head))
		return 0;
	end = redact_rule_run(scan, rule->alphabet, head, scan->text.len);
	redact_rule_found(scan, behind, end);
	return end;
}

/* A shared access signature: "…&sig=…". */
static size_t
signature(struct redact_scan *scan, const struct redact_rule *rule, size_t at,
    size_t behind)
{
	return bearer(scan, rule, at, behind);
}

/* The colon behind which the password of "name:password" begins. */
static size_t
user_colon(struct slice text)
{
	const char *colon = memchr(text.data, ':', text.len);
	size_t at = colon == NULL ? text.len : (size_t)(colon - text.data);
	struct tally name = count((struct slice){ text.data, at });
	struct slice password;

	if (at + 1 >= text.len)
		return text.len;
	password = (struct slice){ text.data + at + 1, text.len - at - 1 };
	/* docker run -u 1000:1000 */
	if (name.digits == at && count(password).digits == password.len)
		return text.len;
	return is_placeholder(password, true) ? text.len : at;
}

static bool
is_curl(struct slice command)
{
	static const struct slice word = { "curl", 4 };
	const char *found =
	    memmem(command.data, command.len, word.data, word.len);

	return found != NULL;
}

/* curl -u name:password, -uname:password, --user=name:password */
static size_t
curl_user(struct redact_scan *scan, const struct redact_rule *rule, size_t at,
    size_t behind)
{
	size_t begin = behind - 1, end, colon, line = at;
	struct slice value;

	(void)rule;
	for (size_t limit = begin + BLANK_BYTES;
	     begin < limit &&
	     memchr(" =\"',", redact_rule_byte(scan, begin), 5) != NULL;)
		begin++;
	end = word_end(scan, begin, true, HEAD_BYTES);
	value = (struct slice){ scan->text.data + begin, end - begin };
	colon = begin + user_colon(value);
	if (colon >= end)
		return 0;
	/* The command may have another option of this kind: not the floor. */
	while (line > 0 && at - line < LINE_BYTES &&
	       !redact_rule_has(
		   REDACT_BREAK | REDACT_SHELL, scan->text.data[line - 1]))
		line--;
	if (!is_curl((struct slice){ scan->text.data + line, at - line }))
		return 0;
	end = word_end(scan, begin, true, scan->text.len);
	redact_rule_found(scan, colon + 1, end);
	return begin; /* the name may be a token */
}

/* A port and what follows in JSON or in a query: "…:8080?mail=a@b". */
static bool
is_port(struct slice password)
{
	size_t at = 0;

	while (at < password.len &&
	       redact_rule_has(REDACT_DIGIT, password.data[at]))
		at++;
	return at > 0 && at < password.len && at <= 5 &&
	       memchr("?#,;)", password.data[at], 5) != NULL;
}

/* The password of scheme://name:password@host, up to the last '@' of the
 * authority; it ends at '/', so no byte is looked at from two anchors. */
static size_t
url(struct redact_scan *scan, const struct redact_rule *rule, size_t at,
    size_t behind)
{
	enum { SHORTEST = 3 };
	size_t colon = 0, last = 0;
	struct slice password;

	(void)rule;
	(void)at;
	for (size_t i = behind; i < scan->text.len; i++) {
		char c = scan->text.data[i];

		if (redact_rule_has(REDACT_SPACE | REDACT_QUOTE, c) ||
		    memchr("/<>\\", c, 4) != NULL)
			break;
		if (c == ':' && colon == 0)
			colon = i;
		if (c == '@' && colon == 0)
			return 0;
		if (c == '@')
			last = i;
	}
	if (colon == 0 || last < colon + 1 + SHORTEST)
		return 0;
	password =
	    (struct slice){ scan->text.data + colon + 1, last - colon - 1 };
	if (is_placeholder(password, true) || is_port(password))
		return 0;
	redact_rule_found(scan, colon + 1, last);
	return behind; /* the name may be a token */
}

size_t
redact_names_element(struct slice first, struct slice before, struct slice text)
{
	bool secret = redact_names_is_secret(before);
	bool whole_line;
	size_t scheme;

	if (text.len == 0)
		return 0;
	if ((slice_is(before, "-u") || slice_is(before, "-U") ||
		slice_is(before, "--user") ||
		slice_is(before, "--proxy-user")) &&
	    slice_ends_with(first, SLICE_LITERAL("curl"))) {
		size_t colon = user_colon(text);

		return colon == text.len ? colon : colon + 1;
	}
	if (!secret || is_placeholder(text, true))
		return text.len;
	if (before.data[0] == '-')
		return text.data[0] == '-' ? text.len : 0;
	scheme = scheme_length(text, &whole_line);
	if (scheme > 0)
		return scheme;
	if (memchr(before.data, '-', before.len) != NULL &&
	    is_plausible(SECRET, text))
		return 0;
	return text.len;
}
