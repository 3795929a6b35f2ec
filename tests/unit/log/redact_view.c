#include "lib/log/redact_view.c"

#include "base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
one_level_of_escapes_is_taken_off(void **state)
{
	static const struct {
		const char *text,
		    *view; /* NULL: there is nothing to take off */
	} cases[] = {
		{ "", NULL },
		{ "plain", NULL },
		{ "100% and \\w, \\d, C:\\Users", NULL },
		{ "%", NULL },
		{ "%4", NULL },
		{ "%4g", NULL },
		{ "\\", NULL },
		{ "\\u00", NULL },
		{ "\\x4", NULL },
		{ "\x1b[", NULL },
		{ "\x1b[38;2;255;255;255;255;255;255;255;255m", NULL },
		{ "日本語 é …", NULL },
		{ "a\\\"b\\\\c\\/d", "a\"b\\c/d" },
		{ "a\\nb\\tc\\rd", "a\nb\tc\rd" },
		{ "\\u0041\\x42%43", "ABC" },
		{ "\\u00e9\\ud800", "é\xef\xbf\xbd" },
		{ "a\\\nb", "ab" },
		{ "a\u200bb\ufeffc\u00add", "abcd" },
		{ "a\x1b[1;31mb\x1b[mc", "abc" },
		{ "%25%32%35", "%25" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(redact_view_free) struct redact_view view =
		    REDACT_VIEW_INIT;
		struct slice text = slice_of(cases[i].text);
		struct redact_span stretch, outer;
		bool found = redact_view_next(&view, text, 0, &stretch);

		assert_int_equal(found, cases[i].view != NULL);
		if (!found)
			continue;
		assert_string_equal(view.bytes.data, cases[i].view);
		assert_int_equal(stretch.begin, 0);
		assert_int_equal(stretch.end, text.len);
		outer = redact_view_outer(
		    &view, (struct redact_span){ 0, view.bytes.len });
		assert_int_equal(outer.begin, 0);
		assert_int_equal(outer.end, text.len);
	}
}

static void
a_view_remembers_where_its_bytes_stand(void **state)
{
	static const struct {
		const char *text;
		size_t begin, end; /* of the view */
		const char *outer;
	} cases[] = {
		{ "a\\\"bc\\\"d", 2, 4, "bc" },
		{ "a\\\"bc\\\"d", 1, 5, "\\\"bc\\\"" },
		{ "a%41bc", 1, 2, "%41" },
		{ "a%41bc", 2, 3, "b" },
		{ "a\u200bb\u200bc", 0, 2, "a\u200bb" },
		{ "a\u200bb\u200bc", 1, 3, "b\u200bc" },
		{ "\x1b[1mab\x1b[mc", 0, 2, "ab" },
		{ "\u200b\u200bab\u200b\u200b", 0, 2, "ab" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(redact_view_free) struct redact_view view =
		    REDACT_VIEW_INIT;
		struct slice text = slice_of(cases[i].text);
		struct redact_span span = { cases[i].begin, cases[i].end };

		assert_true(redact_view_next(
		    &view, text, 0, &(struct redact_span){ 0 }));
		span = redact_view_outer(&view, span);
		assert_true(slice_is((struct slice){ text.data + span.begin,
					 span.end - span.begin },
		    cases[i].outer));
	}
}

static void
only_lines_with_escapes_are_in_a_view(void **state)
{
	cleanup(redact_view_free) struct redact_view view = REDACT_VIEW_INIT;
	struct slice text =
	    SLICE_LITERAL("a\nb\nc%41\nd%42\ne\nf\n\\\ng\n\nh\n%43");
	struct redact_span stretch = { 0, 0 };

	(void)state;
	assert_true(redact_view_next(&view, text, stretch.end, &stretch));
	assert_string_equal(view.bytes.data, "cA\ndB\n");
	assert_int_equal(stretch.begin, 4);
	assert_int_equal(
	    redact_view_outer(&view, (struct redact_span){ 4, 5 }).begin, 10);
	assert_true(redact_view_next(&view, text, stretch.end, &stretch));
	assert_string_equal(view.bytes.data, "g\n");
	assert_true(redact_view_next(&view, text, stretch.end, &stretch));
	assert_string_equal(view.bytes.data, "C");
	assert_int_equal(stretch.end, text.len);
	assert_false(redact_view_next(&view, text, stretch.end, &stretch));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_level_of_escapes_is_taken_off),
		cmocka_unit_test(a_view_remembers_where_its_bytes_stand),
		cmocka_unit_test(only_lines_with_escapes_are_in_a_view),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
