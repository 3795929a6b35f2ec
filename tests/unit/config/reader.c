#include "lib/config/reader.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Everything in `text`, an item a line: "1 [section name]", "2 key=value",
 * "3 ! what is wrong". */
static void
add_items(struct buf *out, struct slice text)
{
	struct reader reader;
	struct reader_item item;
	struct error err;
	enum reader_kind kind;

	reader_init(&reader, text);
	while ((kind = reader_next(&reader, &item, &err)) != READER_END) {
		buf_addf(out, "%u ", reader.line);
		if (kind == READER_SECTION && item.name.data == NULL)
			buf_addf(out, "[%.*s]", SLICE_ARG(item.section));
		else if (kind == READER_SECTION)
			buf_addf(out, "[%.*s %.*s]", SLICE_ARG(item.section),
			    SLICE_ARG(item.name));
		else if (kind == READER_PAIR)
			buf_addf(out, "%.*s=%.*s", SLICE_ARG(item.key),
			    SLICE_ARG(item.value));
		else
			buf_addf(out, "! %s", err.sentence);
		buf_add_char(out, '\n');
	}
}

static void
lines_are_read(void **state)
{
	static const char *const cases[][2] = {
		{ "", "" },
		{ "\n\n  \t\n", "" },
		{ "# comment\n ; too\n#=\n#[x]", "" },
		{ "[audit]\n", "1 [audit]\n" },
		{ " [ audit ] ", "1 [audit]\n" },
		{ "[service my-gateway]", "1 [service my-gateway]\n" },
		{ "[service\ta b]", "1 [service a b]\n" },
		{ "a=b", "1 a=b\n" },
		{ "\n a \t=  b c \t\r\n", "2 a=b c\n" },
		{ "a = b = c # no ; comment", "1 a=b = c # no ; comment\n" },
		{ "a = \"b\"", "1 a=\"b\"\n" },
		{ "a =", "1 a=\n" },
		{ "a=\r\nb=1", "1 a=\n2 b=1\n" },
		{ "a = caf\xc3\xa9", "1 a=café\n" },
		{ "a", "1 ! \"a\" is neither [section] nor key = value nor a "
		       "# comment\n" },
		{ "= b\nc=d",
		    "1 ! \"= b\" has no key before its '='\n2 c=d\n" },
		{ "[audit", "1 ! \"[audit\" begins with '[' but has no ']' at "
			    "its end\n" },
		{ "[audit] # x", "1 ! \"[audit] # x\" begins with '[' but has "
				 "no ']' at its end\n" },
		{ "[",
		    "1 ! \"[\" begins with '[' but has no ']' at its end\n" },
		{ "[]", "1 ! \"[]\" names no section\n" },
		{ "[ \t]", "1 ! \"[ \\t]\" names no section\n" },
		{ "\xef\xbb\xbf[a]", "1 ! \"\\u{feff}[a]\" is neither "
				     "[section] nor key = value nor a # "
				     "comment\n" },
		{ "a=\xff\nb=1", "1 ! the line is not UTF-8\n2 b=1\n" },
		{ "a=\x1b[31m", "1 ! the line has a control character, "
				"\\x1b\n" },
		{ "# \x7f", "1 ! the line has a control character, \\x7f\n" },
		{ "a=\rb", "1 ! the line has a control character, \\x0d\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(buf_free) struct buf items = BUF_INIT;

		add_items(&items, slice_of(cases[i][0]));
		assert_string_equal(items.data, cases[i][1]);
	}
}

static void
a_nul_is_a_control_character(void **state)
{
	cleanup(buf_free) struct buf items = BUF_INIT;

	(void)state;
	add_items(&items, SLICE_LITERAL("a=\0"));
	assert_string_equal(
	    items.data, "1 ! the line has a control character, \\x00\n");
}

static void
a_line_may_have_4_kib(void **state)
{
	(void)state;
	for (size_t len = READER_LINE_BYTES; len <= READER_LINE_BYTES + 1;
	     len++) {
		cleanup(buf_free) struct buf text = BUF_INIT;
		struct reader reader;
		struct reader_item item;
		struct error err;

		buf_add_str(&text, "a=");
		buf_add_chars(&text, 'x', len - 2);
		buf_add_str(&text, "\r\nb=1");
		reader_init(&reader, buf_slice(&text));
		if (len > READER_LINE_BYTES) {
			assert_int_equal(
			    reader_next(&reader, &item, &err), READER_BAD);
			assert_int_equal(err.code, ERROR_TOO_LONG);
		} else {
			assert_int_equal(
			    reader_next(&reader, &item, &err), READER_PAIR);
			assert_int_equal(item.value.len, len - 2);
		}
		assert_int_equal(
		    reader_next(&reader, &item, &err), READER_PAIR);
		assert_int_equal(reader.line, 2);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_read),
		cmocka_unit_test(a_nul_is_a_control_character),
		cmocka_unit_test(a_line_may_have_4_kib),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
