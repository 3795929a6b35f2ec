#include "lib/base/json_string.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/cleanup.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool
is_plain(unsigned char byte)
{
	return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

static bool
is_clean(unsigned char byte)
{
	return byte >= 0x20 && byte != 0x7f && byte != '"' && byte != '\\';
}

static void
assert_skips_as_byte_by_byte(const char *text, size_t len)
{
	size_t plain = 0, clean = 0;

	while (plain < len && is_plain((unsigned char)text[plain]))
		plain++;
	while (clean < len && is_clean((unsigned char)text[clean]))
		clean++;
	assert_ptr_equal(
	    json_string_skip_plain(text, text + len), text + plain);
	assert_ptr_equal(
	    json_string_skip_clean(text, text + len), text + clean);
}

static void
every_byte_is_found_in_every_place(void **state)
{
	char text[40];

	(void)state;
	for (size_t len = 0; len < sizeof(text); len++)
		for (size_t at = 0; at < len; at++)
			for (int byte = 0; byte < 256; byte++) {
				memset(text, 'x', len);
				text[at] = (char)byte;
				assert_skips_as_byte_by_byte(text, len);
			}
}

/* What one byte borrows must not hide or move what its neighbour is. */
static void
every_pair_of_neighbours_is_told_apart(void **state)
{
	static const char fillings[] = { '!', '#', '~', ' ', '\x80', '\xff' };
	char text[16];

	(void)state;
	for (size_t i = 0; i < sizeof(fillings); i++)
		for (int first = 0; first < 256; first++)
			for (int second = 0; second < 256; second++) {
				memset(text, fillings[i], sizeof(text));
				text[2] = (char)first;
				text[3] = (char)second;
				assert_skips_as_byte_by_byte(
				    text, sizeof(text));
			}
}

static void
characters_are_skipped_whole(void **state)
{
	static const struct {
		const char *text;
		size_t bytes;
	} cases[] = {
		{ "", 0 },
		{ "plain", 5 },
		{ "caf\xc3\xa9 \xe6\xbc\xa2 \xf0\x9f\x98\x80", 14 },
		{ "\xc3\xa9\xc3\xa9\"", 4 },
		{ "\xc3\xa9\\n", 2 },
		{ "\xc3\xa9\n", 2 },
		{ "\xc3\xa9\xa9", 2 },
		{ "a\xff", 1 },
		{ "a\xc3", 1 },
		{ "\x7f", 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *text = cases[i].text;

		assert_ptr_equal(json_string_skip(text, text + strlen(text)),
		    text + cases[i].bytes);
	}
}

static void
escapes_are_decoded(void **state)
{
	static const struct {
		const char *text;
		const char *decoded; /* NULL: there is no such escape */
		size_t bytes;
	} cases[] = {
		{ "\\\"", "\"", 2 },
		{ "\\\\", "\\", 2 },
		{ "\\/", "/", 2 },
		{ "\\b", "\b", 2 },
		{ "\\f", "\f", 2 },
		{ "\\nn", "\n", 2 },
		{ "\\r", "\r", 2 },
		{ "\\t", "\t", 2 },
		{ "\\u0041B", "A", 6 },
		{ "\\u00E9", "é", 6 },
		{ "\\u6f22", "漢", 6 },
		{ "\\uffff", "\uffff", 6 },
		{ "\\ud83d\\ude00", "😀", 12 },
		{ "\\uD800\\uDC00", "\U00010000", 12 },
		{ "\\udbff\\udfff", "\U0010ffff", 12 },
		{ "\\ud83d", "\ufffd", 6 },
		{ "\\ud83dx", "\ufffd", 6 },
		{ "\\ud83d\\n", "\ufffd", 6 },
		{ "\\ud83d\\ud83d\\ude00", "\ufffd", 6 },
		{ "\\ud83d\\u0041", "\ufffd", 6 },
		{ "\\ude00\\ud83d", "\ufffd", 6 },
		{ "\\", NULL, 0 },
		{ "\\x41", NULL, 0 },
		{ "\\N", NULL, 0 },
		{ "\\ ", NULL, 0 },
		{ "\\'", NULL, 0 },
		{ "\\u", NULL, 0 },
		{ "\\u004", NULL, 0 },
		{ "\\u004g", NULL, 0 },
		{ "\\u+041", NULL, 0 },
		{ "\\u{41}", NULL, 0 },
		{ "\\U0041", NULL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(buf_free) struct buf out = BUF_INIT;
		const char *text = cases[i].text;
		const char *behind =
		    json_string_unescape(&out, text, text + strlen(text));

		if (cases[i].decoded == NULL) {
			assert_null(behind);
			assert_int_equal(out.len, 0);
			continue;
		}
		assert_ptr_equal(behind, text + cases[i].bytes);
		assert_string_equal(out.data, cases[i].decoded);
	}
}

static void
an_escaped_nul_is_a_byte(void **state)
{
	cleanup(buf_free) struct buf out = BUF_INIT;
	const char *text = "\\u0000";

	(void)state;
	assert_ptr_equal(json_string_unescape(&out, text, text + 6), text + 6);
	assert_int_equal(out.len, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_byte_is_found_in_every_place),
		cmocka_unit_test(every_pair_of_neighbours_is_told_apart),
		cmocka_unit_test(characters_are_skipped_whole),
		cmocka_unit_test(escapes_are_decoded),
		cmocka_unit_test(an_escaped_nul_is_a_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
