#include "lib/log/redact_base64.c"

#include "base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* "the quick brown fox jumps over the" in 48 characters, and the front of it */
#define RUN_48 "dGhlIHF1aWNrIGJyb3duIGZveCBqdW1wcyBvdmVyIHRoZSAg"
#define RUN_40 "dGhlIHF1aWNrIGJyb3duIGZveCBqdW1wcyBvdmVy"
#define RUN_39 "dGhlIHF1aWNrIGJyb3duIGZveCBqdW1wcyBvdmV"

static void
runs_of_forty_characters_are_found(void **state)
{
	static const struct {
		const char *text;
		const char *run; /* NULL: none */
	} cases[] = {
		{ "", NULL },
		{ RUN_39, NULL },
		{ "x " RUN_39 " y", NULL },
		{ RUN_40, RUN_40 },
		{ "x " RUN_40 " y", RUN_40 },
		{ "a b c d e f g h i j k l m n o p q r s t u " RUN_40, RUN_40 },
		{ "x=" RUN_40 "==;", RUN_40 "==" },
		{ "x=" RUN_40 "===;", RUN_40 "==" },
		{ "/a/b/" RUN_40, "/a/b/" RUN_40 },
		{ RUN_48 "\n" RUN_48 "\nand so", RUN_48 "\n" RUN_48 },
		{ RUN_48 "\r\nab==", RUN_48 "\r\nab==" },
		{ RUN_48 "\nand so on", RUN_48 },
		{ RUN_48 "\n\n" RUN_48, RUN_48 },
		/* Letters of one case. */
		{ "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822c", NULL },
		{ "------------------------------------------------", NULL },
		{ "the_name_of_a_test_is_a_sentence_that_goes_on_and_on",
		    NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct slice text = slice_of(cases[i].text);
		struct redact_span run;
		bool found = redact_base64_next(text, 0, &run);

		assert_int_equal(found, cases[i].run != NULL);
		if (found)
			assert_true(
			    slice_is((struct slice){ text.data + run.begin,
					 run.end - run.begin },
				cases[i].run));
	}
}

static void
text_in_base64_is_told_from_chance(void **state)
{
	cleanup(buf_free) struct buf out = BUF_INIT;

	(void)state;
	assert_true(redact_base64_may_be_text(slice_of(RUN_40)));
	assert_true(redact_base64_may_be_text(slice_of("a/b" RUN_40)));
	assert_false(redact_base64_may_be_text(slice_of(
	    "xSUBMJ3KrP9vZ7wYt5oQm2cH8nL4eRfG6hDjA1iTz0kXbWqVsEuNyOpCgFlaM_-")));
	assert_true(redact_base64_decode(slice_of(RUN_40), 0, &out));
	assert_string_equal(out.data, "the quick brown fox jumps over");
	assert_true(redact_base64_decode(slice_of("ab" RUN_40), 2, &out));
	assert_string_equal(out.data, "the quick brown fox jumps over");
	assert_true(redact_base64_decode(
	    slice_of("dGhlIHF1aWNrIGJy\r\nb3duIGZveA=="), 0, &out));
	assert_string_equal(out.data, "the quick brown fox");
	assert_false(redact_base64_decode(slice_of("dGhlIHF1aWM="), 0, &out));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_of_forty_characters_are_found),
		cmocka_unit_test(text_in_base64_is_told_from_chance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
