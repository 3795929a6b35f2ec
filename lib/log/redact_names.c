#include "log/redact_names.h"

#include "log/redact_login.h"
#include "log/redact_value.h"

enum {
	NAME_BYTES = 64,  /* of an identifier that are looked at */
	BLANK_BYTES = 16, /* around a separator */
	HEAD_BYTES = 256, /* of a value by which it is judged */
};

static redact_check named, bearer;

const struct redact_rule redact_names[] = {
#define NAME(anchor, family)                                             \
	{                                                                \
		"name", anchor, named, 0, 0, 0, REDACT_ANY_CASE, family, \
		    sizeof(anchor) - 1                                   \
	}
	NAME("pass", REDACT_PASSWORD),
	NAME("passwd", REDACT_PASSWORD),
	NAME("password", REDACT_PASSWORD),
	NAME("passwords", REDACT_PASSWORD),
	NAME("passphrase", REDACT_PASSWORD),
	NAME("secret", REDACT_SECRET),
	NAME("secrets", REDACT_SECRET),
	NAME("secret[ _-]key", REDACT_SECRET),
	NAME("secretkey", REDACT_SECRET),
	NAME("secret[_-]access[_-]key", REDACT_SECRET),
	NAME("secretaccesskey", REDACT_SECRET),
	NAME("token", REDACT_SECRET),
	NAME("api[ _-]key", REDACT_SECRET),
	NAME("apikey", REDACT_SECRET),
	NAME("private[ _-]key", REDACT_SECRET),
	NAME("privatekey", REDACT_SECRET),
	NAME("account[_-]key", REDACT_SECRET),
	NAME("accountkey", REDACT_SECRET),
	NAME("access[_-]key", REDACT_SECRET),
	NAME("accesskey", REDACT_SECRET),
	NAME("auth", REDACT_WEAK),
	NAME("credential", REDACT_WEAK),
	NAME("credentials", REDACT_WEAK),
	NAME("cookie", REDACT_COOKIE),
	NAME("cookies", REDACT_COOKIE),
	NAME("authorization", REDACT_AUTHORIZATION),
#undef NAME
	{ "bearer", "bearer ", bearer,
	    REDACT_WORD_DASH_DOT | REDACT_SLASH | REDACT_PLUS | REDACT_EQUALS,
	    16, 0, REDACT_ANY_CASE },
	/* A shared access signature: "?sp=r&sig=…". */
	{ "signature", "sig=", bearer,
	    REDACT_BASE64 | REDACT_WORD_DASH | REDACT_EQUALS, 16 },
};

const size_t redact_names_count =
    sizeof(redact_names) / sizeof(redact_names[0]);

/* Words that end like a name and are none. */
static const char *const innocent[] = { "bypass", "compass", "encompass",
	"overpass", "surpass", "trespass", "underpass", NULL };

/* A name in its text, and what follows. */
struct place {
	enum redact_family family;
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
is_innocent(struct slice name)
{
	size_t word = name.len;

	while (word > 0 && redact_rule_has(REDACT_LETTER, name.data[word - 1]))
		word--;
	return redact_value_is_one_of(
	    (struct slice){ name.data + word, name.len - word }, innocent);
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
		.family = (enum redact_family)rule->family,
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
	bool bracket = redact_rule_byte(scan, at) == ']';
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
		    place->family != REDACT_AUTHORIZATION)
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

/* "password: " + x, "token=".$x: does the quote at `at`, behind a separator,
 * end a string in which the name stood? A program goes on behind it, and behind
 * the next quote a string. */
static bool
is_closing(const struct redact_scan *scan, size_t at)
{
	char quote = scan->text.data[at], behind;
	size_t end;

	behind = redact_rule_byte(scan, at + 1);
	if (redact_rule_has(REDACT_SPACE | REDACT_QUOTE, behind))
		return true;
	if (memchr("+,;:.)]}&", behind, 9) == NULL)
		return false;
	end = redact_rule_quoted_end(scan, at + 1, quote, HEAD_BYTES);
	return redact_rule_has(REDACT_ALNUM, redact_rule_byte(scan, end + 1)) ||
	       redact_rule_groups_of(scan, at, end) & REDACT_SPACE;
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
	char quote;	 /* its own, or NUL */
	bool scheme;	 /* "Bearer " stood in front */
	bool whole_line; /* not a word */
	size_t begin;
};

static size_t
extent_end(const struct redact_scan *scan, const struct place *place,
    const struct extent *extent, size_t limit)
{
	if (extent->quote != '\0')
		return redact_rule_quoted_end(
		    scan, extent->begin, extent->quote, limit);
	if (extent->whole_line)
		return line_end(scan, place, extent->begin, limit);
	return redact_rule_word_end(
	    scan, extent->begin, place->certain ? "" : ",[]{}", limit);
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
	size_t scheme;

	*ret = (struct extent){ .begin = at };
	if (memchr("bfru", c, 4) != NULL &&
	    memchr("\"'", redact_rule_byte(scan, at + 1), 2) != NULL)
		c = redact_rule_byte(scan, ++at);
	if (redact_rule_has(REDACT_QUOTE, c)) {
		if (place->quote == '\0' && is_closing(scan, at))
			return false;
		ret->quote = c;
		ret->begin = at + 1;
	}
	if (place->separator == ',' && ret->quote == '\0')
		return false;
	/* {"password": input()}: a string has quotes where the name has. */
	if (place->quote != '\0' && ret->quote == '\0' && !place->option)
		place->certain = false;
	if (place->family == REDACT_COOKIE && place->separator == ':')
		ret->whole_line = true;
	if (place->family != REDACT_AUTHORIZATION)
		return true;
	rest = (struct slice){ scan->text.data + ret->begin,
		scan->text.len - ret->begin };
	scheme = redact_value_scheme(rest, &ret->whole_line);
	ret->scheme = scheme > 0;
	ret->begin += scheme;
	return true;
}

static bool
is_secret(const struct redact_scan *scan, const struct place *place,
    const struct extent *extent)
{
	struct slice head = extent_head(scan, place, extent);
	bool quoted = extent->quote != '\0';
	bool member = place->quote != '\0' && quoted && !place->option;
	char behind = redact_rule_byte(scan, extent->begin + head.len);

	if (redact_value_is_placeholder(head, !member))
		return false;
	if (extent->scheme)
		return !redact_value_is_word(head);
	if (member && place->certain)
		return true;
	if (extent->whole_line)
		return redact_value_is_cookie(head);
	/* A call, an index, an initialiser. */
	if (!quoted && memchr("([{", behind, 3) != NULL)
		return false;
	if (!place->certain || place->family >= REDACT_WEAK)
		return redact_value_is_plausible(place->family, head, quoted);
	/* "the --token flag", "--password --user" */
	if (place->separator != '=' &&
	    (redact_value_is_word(head) ||
		(place->option && head.data[0] == '-')))
		return false;
	return redact_value_is_possible(place->family, head);
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

size_t
redact_names_element(struct slice first, struct slice before, struct slice text)
{
	size_t begin = redact_login_argument(first, before, text);
	bool whole_line;

	if (begin < text.len || !redact_names_is_secret(before) ||
	    redact_value_is_placeholder(text, true))
		return begin;
	if (before.data[0] == '-')
		return text.data[0] == '-' ? text.len : 0;
	begin = redact_value_scheme(text, &whole_line);
	if (begin == 0 && memchr(before.data, '-', before.len) != NULL)
		return redact_value_is_plausible(REDACT_SECRET, text, false)
			   ? 0
			   : text.len;
	return begin > 0 ? begin : text.len;
}
