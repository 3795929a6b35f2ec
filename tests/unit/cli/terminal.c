#include "cli/terminal.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
data_stays_json_and_does_nothing_to_a_screen(void **state)
{
	static const struct {
		const char *text, *shown;
		size_t left; /* bytes that are not shown yet */
	} cases[] = {
		{ "{\"a\":\"b \xc3\xa4 \xe6\x97\xa5\"}\n",
		    "{\"a\":\"b \xc3\xa4 \xe6\x97\xa5\"}\n", 0 },
		{ "\"\xe2\x80\xae\"   ", "\"\\u202e\"   ", 0 },
		{ "\"\xc2\x9b\"   ", "\"\\u009b\"   ", 0 },
		{ "\"\xf3\xa0\x81\x81\"   ", "\"\\udb40\\udc41\"   ", 0 },
		{ "a,b\r\nc\td\n", "a,b\r\nc\td\n", 0 },
		{ "\x1b[2J\rforged", "\\u001b[2J\\u000dforged", 0 },
		{ "\xff\xfe plain", "\\ufffd\\ufffd plain", 0 },
		{ "cut \xe6\x97", "cut ", 2 },
		{ "cut \r", "cut ", 1 },
		{ "", "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct slice text = slice_of(cases[i].text);
		struct buf out = BUF_INIT;

		assert_int_equal(
		    terminal_add_data(&out, text), text.len - cases[i].left);
		assert_string_equal(out.data, cases[i].shown);
		buf_free(&out);
	}
}

/* Whatever comes, nothing that acts on a terminal is left. */
static void
five_hundred_escape_sequences_become_harmless(void **state)
{
	static const char *const begins[] = { "\x1b[", "\x1b]", "\x1bP",
		"\x1b^", "\x1b_", "\x1bX", "\x1b", "\xc2\x9b", "\xc2\x9d",
		"\xc2\x90", "\x9b", "\x0e", "\x08\x08", "\r", "\x7f",
		"\xe2\x80\xae", "\xe2\x81\xa6", "\xe2\x80\x8b", "\xef\xbb\xbf",
		"\xf3\xa0\x80\x81", "\u00ad", "\ufe0f", "\u2061", "\u3164",
		"\U000e0100" };
	static const char *const ends[] = { "2J", "31m", "0;title\x07",
		"52;c;cm0gLXJm\x07", "8;;http://evil.example\x1b\\link",
		"?1049h", "6n", "c", "H", "1;1H", "K", "?25l", "5i", "!p",
		"200~", "$q\"p\x1b\\", "+q544e\x1b\\", ">c", "=5n", "21t",
		"\x18", "\x1a", "\n", "\x05", "#8" };
	size_t count = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(begins); i++) {
		for (size_t j = 0; j < COUNT(ends); j++) {
			struct buf text = BUF_INIT, out = BUF_INIT;

			buf_addf(&text, "%s%s    ", begins[i], ends[j]);
			terminal_add_data(&out, buf_slice(&text));
			for (size_t k = 0; k < out.len; k++) {
				unsigned char c = (unsigned char)out.data[k];

				assert_true(
				    c == '\n' ||
				    (c == '\r' && out.data[k + 1] == '\n') ||
				    (c >= 0x20 && c < 0x7f));
			}
			buf_free(&text);
			buf_free(&out);
			count++;
		}
	}
	assert_true(count >= 500);
}

static void
a_secret_is_one_line_of_bounded_length(void **state)
{
	static const struct {
		struct slice input;
		const char *secret; /* NULL: too long */
	} cases[] = {
		{ SLICE_LITERAL("hunter2\n"), "hunter2" },
		{ SLICE_LITERAL("hunter2"), "hunter2" },
		{ SLICE_LITERAL("hunter2\nand more\n"), "hunter2" },
		{ SLICE_LITERAL("\n"), "" },
		{ SLICE_LITERAL(""), "" },
		{ SLICE_LITERAL("a word\r\n"), "a word\r" },
		{ SLICE_LITERAL("eight ch\n"), "eight ch" },
		{ SLICE_LITERAL("nine char\n"), NULL },
		{ SLICE_LITERAL("nine char"), NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(buf_wipe) struct buf secret = BUF_INIT;
		struct slice input = cases[i].input;
		struct error err = { 0 };
		int ends[2], result;

		assert_int_equal(pipe(ends), 0);
		assert_int_equal(
		    write(ends[1], input.data, input.len), (ssize_t)input.len);
		close(ends[1]);
		result = terminal_read_secret(ends[0], 8, &secret, &err);
		close(ends[0]);
		if (cases[i].secret == NULL) {
			assert_int_equal(result, -1);
			assert_int_equal(err.code, ERROR_TOO_LONG);
		} else {
			assert_int_equal(result, 0);
			assert_string_equal(secret.data, cases[i].secret);
		}
	}
}

static void
a_secret_may_hold_any_byte(void **state)
{
	cleanup(buf_wipe) struct buf secret = BUF_INIT;
	struct error err = { 0 };
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "a\0b\n", 4), 4);
	assert_int_equal(terminal_read_secret(ends[0], 8, &secret, &err), 0);
	assert_true(slice_equal(buf_slice(&secret), SLICE_LITERAL("a\0b")));
	close(ends[0]);
	close(ends[1]);
}

static void
colour_is_for_terminals_that_want_it(void **state)
{
	static const struct {
		const char *no_color, *term;
		bool wanted;
	} cases[] = {
		{ NULL, "xterm", true },
		{ "", "xterm", true },
		{ "1", "xterm", false },
		{ NULL, "dumb", false },
		{ NULL, "", false },
		{ NULL, NULL, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		unsetenv("NO_COLOR");
		unsetenv("TERM");
		if (cases[i].no_color != NULL)
			setenv("NO_COLOR", cases[i].no_color, 1);
		if (cases[i].term != NULL)
			setenv("TERM", cases[i].term, 1);
		assert_int_equal(terminal_may_colour(), cases[i].wanted);
	}
}

static void
a_bar_is_as_full_as_the_work_is_done(void **state)
{
	static const struct {
		uint64_t done, total;
		const char *line;
	} cases[] = {
		{ 0, 100,
		    "\rx [                              ]   0%  w\033[K" },
		{ 50, 100,
		    "\rx [###############               ]  50%  w\033[K" },
		{ 100, 100,
		    "\rx [##############################] 100%  "
		    "w\033[K" },
		{ 101, 100,
		    "\rx [##############################] 100%  "
		    "w\033[K" },
		{ 7, 0, "\rx w\033[K" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf out = BUF_INIT;

		progress_compose(&out, "x", cases[i].done, cases[i].total,
		    SLICE_LITERAL("w"));
		assert_string_equal(out.data, cases[i].line);
		buf_free(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(data_stays_json_and_does_nothing_to_a_screen),
		cmocka_unit_test(five_hundred_escape_sequences_become_harmless),
		cmocka_unit_test(a_secret_is_one_line_of_bounded_length),
		cmocka_unit_test(a_secret_may_hold_any_byte),
		cmocka_unit_test(colour_is_for_terminals_that_want_it),
		cmocka_unit_test(a_bar_is_as_full_as_the_work_is_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
