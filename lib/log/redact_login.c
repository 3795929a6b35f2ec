#include "log/redact_login.h"

#include "log/redact_value.h"

enum {
	SHORTEST = 3,	   /* of a URL's password */
	PORT_DIGITS = 5,   /* "65535" */
	SKIP_BYTES = 16,   /* between an option and its value */
	VALUE_BYTES = 256, /* of that value */
};

static redact_check curl, curl_option, url;

const struct redact_rule redact_login[] = {
	{ "curl", "curl", curl },
	{ "curl", "[ \"']-[uU][ =\"'A-Za-z0-9]", curl_option },
	{ "curl", "--user[ =\"']", curl_option },
	{ "curl", "--proxy-user[ =\"']", curl_option },
	{ "url", "[A-Za-z0-9]://", url },
};

const size_t redact_login_count =
    sizeof(redact_login) / sizeof(redact_login[0]);

static bool
is_digits(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!redact_rule_has(REDACT_DIGIT, text.data[i]))
			return false;
	return true;
}

/* Where the password of "name:password" begins; text.len: there is none. */
static size_t
password_begin(struct slice text)
{
	const char *colon = memchr(text.data, ':', text.len);
	size_t begin =
	    colon == NULL ? text.len : (size_t)(colon - text.data) + 1;
	struct slice password = { text.data + begin, text.len - begin };

	/* 1000:1000 are a user and a group. */
	if (redact_value_is_placeholder(password, true) ||
	    (is_digits(password) &&
		is_digits((struct slice){ text.data, begin - 1 })))
		return text.len;
	return begin;
}

size_t
redact_login_argument(
    struct slice command, struct slice before, struct slice text)
{
	static const char *const options[] = { "-u", "--user", "--proxy-user",
		NULL };

	return slice_ends_with(command, SLICE_LITERAL("curl")) &&
		       redact_value_is_one_of(before, options)
		   ? password_begin(text)
		   : text.len;
}

/* What stands behind it, up to the end of the command, are its arguments. */
static size_t
curl(struct redact_scan *scan, const struct redact_rule *rule, size_t at,
    size_t behind)
{
	(void)rule;
	(void)at;
	scan->command = behind;
	return 0;
}

/* Is this an argument of curl? Of the next one the rest alone is looked at. */
static bool
is_argument(struct redact_scan *scan, size_t at)
{
	if (scan->command == 0)
		return false;
	for (size_t i = scan->command; i < at; i++) {
		if (redact_rule_has(
			REDACT_BREAK | REDACT_SHELL, scan->text.data[i])) {
			scan->command = 0;
			return false;
		}
	}
	return true;
}

static size_t
value_end(
    const struct redact_scan *scan, size_t begin, char quote, size_t limit)
{
	return redact_rule_has(REDACT_QUOTE, quote)
		   ? redact_rule_quoted_end(scan, begin, quote, limit)
		   : redact_rule_word_end(scan, begin, "", limit);
}

/* curl -u name:password, -uname:password, --user='name:password' */
static size_t
curl_option(struct redact_scan *scan, const struct redact_rule *rule, size_t at,
    size_t behind)
{
	size_t begin = behind - 1, limit = begin + SKIP_BYTES, head, password;
	size_t end;
	struct slice value;
	char quote;

	(void)rule;
	while (begin < limit &&
	       memchr(" =\"',", redact_rule_byte(scan, begin), 5) != NULL)
		begin++;
	quote = scan->text.data[begin - 1];
	head = value_end(scan, begin, quote, VALUE_BYTES);
	value = (struct slice){ scan->text.data + begin, head - begin };
	password = begin + password_begin(value);
	if (password == head || !is_argument(scan, at))
		return 0;
	end = value_end(scan, begin, quote, scan->text.len);
	redact_rule_found(scan, password, end);
	scan->command = end;
	return begin; /* the name may be a token */
}

/* A port and what follows in JSON or in a query: "…:8080?mail=a@b". */
static bool
is_port(struct slice text)
{
	size_t at = 0;

	while (at < text.len && redact_rule_has(REDACT_DIGIT, text.data[at]))
		at++;
	return at > 0 && at < text.len && at <= PORT_DIGITS &&
	       memchr("?#,;)", text.data[at], 5) != NULL;
}

/* The password of scheme://name:password@host, up to the last '@' of the
 * authority; it ends at '/', so no byte is looked at from two anchors. */
static size_t
url(struct redact_scan *scan, const struct redact_rule *rule, size_t at,
    size_t behind)
{
	size_t begin = 0, end = 0;
	struct slice password;

	(void)rule;
	(void)at;
	for (size_t i = behind; i < scan->text.len; i++) {
		char c = scan->text.data[i];

		if (redact_rule_has(REDACT_SPACE | REDACT_QUOTE, c) ||
		    memchr("/<>\\", c, 4) != NULL)
			break;
		if (c == ':' && begin == 0)
			begin = i + 1;
		if (c == '@' && begin == 0)
			return 0;
		if (c == '@')
			end = i;
	}
	if (begin == 0 || end < begin + SHORTEST)
		return 0;
	password = (struct slice){ scan->text.data + begin, end - begin };
	if (redact_value_is_placeholder(password, true) || is_port(password))
		return 0;
	redact_rule_found(scan, begin, end);
	return behind; /* the name may be a token */
}
