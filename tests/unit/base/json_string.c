#include "lib/base/json_string.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/cleanup.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
plain_text_ends_at_each_byte_that_ends_it(void **state)
{
	char text[40];

	(void)state;
	for (size_t len = 0; len < sizeof(text); len++)
		for (size_t at = 0; at < len; at++)
			for (int byte = 0; byte < 256; byte++) {
				bool ends = byte < 0x20 || byte >= 0x80 ||
					    byte == '"' || byte == '\\';

				memset(text, 'x', len);
				text[at] = (char)byte;
				assert_ptr_equal(
				    json_string_skip_plain(text, text + len),
				    text + (ends ? at : len));
			}
}

/* Bytes that end a run stand side by side: the first of them counts. */
static void
the_first_of_several_ends_it(void **state)
{
	static const char enders[] = "\"\\\x1f\x80\xff";
	char text[16];

	(void)state;
	for (size_t first = 0; first < 8; first++)
		for (size_t second = first + 1; second < 16; second++)
			for (size_t i = 0; i < 25; i++) {
				memset(text, '!', sizeof(text));
				text[first] = enders[i / 5];
				text[second] = enders[i % 5];
				assert_ptr_equal(json_string_skip_plain(
						     text, text + sizeof(text)),
				    text + first);
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
		cmocka_unit_test(plain_text_ends_at_each_byte_that_ends_it),
		cmocka_unit_test(the_first_of_several_ends_it),
		cmocka_unit_test(characters_are_skipped_whole),
		cmocka_unit_test(escapes_are_decoded),
		cmocka_unit_test(an_escaped_nul_is_a_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
