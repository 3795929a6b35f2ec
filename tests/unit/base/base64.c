#include "lib/base/base64.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
bytes_become_the_letters_of_rfc_4648(void **state)
{
	/* RFC 4648, 10, without the padding; and the two letters of 5. */
	static const struct {
		struct slice bytes;
		const char *text;
	} cases[] = {
		{ SLICE_LITERAL(""), "" },
		{ SLICE_LITERAL("f"), "Zg" },
		{ SLICE_LITERAL("fo"), "Zm8" },
		{ SLICE_LITERAL("foo"), "Zm9v" },
		{ SLICE_LITERAL("foob"), "Zm9vYg" },
		{ SLICE_LITERAL("fooba"), "Zm9vYmE" },
		{ SLICE_LITERAL("foobar"), "Zm9vYmFy" },
		{ SLICE_LITERAL("\0\0\0"), "AAAA" },
		{ SLICE_LITERAL("\xfb\xff\xbf"), "-_-_" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf out = BUF_INIT;

		base64_add_url(&out, cases[i].bytes.data, cases[i].bytes.len);
		assert_string_equal(out.data, cases[i].text);
		assert_true(base64_is_url(buf_slice(&out)));
		buf_free(&out);
	}
}

static void
what_is_outside_the_alphabet_is_seen(void **state)
{
	static const struct slice texts[] = {
		SLICE_LITERAL("Zg=="),
		SLICE_LITERAL("Zm9+"),
		SLICE_LITERAL("Zm/v"),
		SLICE_LITERAL("Zm\0v"),
		SLICE_LITERAL("Zm v"),
		SLICE_LITERAL("Zm\xc3\xa4"),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		assert_false(base64_is_url(texts[i]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_become_the_letters_of_rfc_4648),
		cmocka_unit_test(what_is_outside_the_alphabet_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
