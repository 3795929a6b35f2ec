#include "base/json_string.h"

#include "base/text.h"

const char *
json_string_skip(const char *at, const char *end)
{
	for (;;) {
		uint32_t character;

		at = json_string_skip_plain(at, end);
		if (at == end || (*at & 0x80) == 0)
			return at;
		do {
			size_t len = text_decode(
			    (struct slice){ at, (size_t)(end - at) },
			    &character);

			if (len == 0)
				return at;
			at += len;
		} while (at < end && (*at & 0x80) != 0);
	}
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		return (c | 0x20) - 'a' + 10;
	return -1;
}

/* The number in the "\\uXXXX" at `at`, or -1 if something else stands there. */
static int
unicode_escape(const char *at, const char *end)
{
	int unit = 0;

	if (end - at < 6 || at[0] != '\\' || at[1] != 'u')
		return -1;
	for (int i = 2; i < 6; i++) {
		int value = hex_value(at[i]);

		if (value == -1)
			return -1;
		unit = unit << 4 | value;
	}
	return unit;
}

/* A character by its number, or by two of them when it is beyond U+FFFF. */
static const char *
unescape_unicode(struct buf *out, const char *at, const char *end)
{
	int high = unicode_escape(at, end);
	int low;

	if (high == -1)
		return NULL;
	at += 6;
	low = unicode_escape(at, end);
	if ((high & 0xfc00) != 0xd800 || low == -1 ||
	    (low & 0xfc00) != 0xdc00) {
		text_add_character(out, (uint32_t)high);
		return at;
	}
	text_add_character(
	    out, 0x10000 + (((uint32_t)high & 0x3ff) << 10 | (low & 0x3ff)));
	return at + 6;
}

const char *
json_string_unescape(struct buf *out, const char *at, const char *end)
{
	static const char meanings[256] = {
		['"'] = '"',
		['\\'] = '\\',
		['/'] = '/',
		['b'] = '\b',
		['f'] = '\f',
		['n'] = '\n',
		['r'] = '\r',
		['t'] = '\t',
	};
	char meaning;

	if (end - at < 2)
		return NULL;
	meaning = meanings[(unsigned char)at[1]];
	if (meaning == '\0')
		return unescape_unicode(out, at, end);
	buf_add_char(out, meaning);
	return at + 2;
}
