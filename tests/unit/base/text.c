#include "lib/base/text.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The rule as Unicode's table 3-7 has it, by way of the number it encodes. */
static bool
is_character(uint32_t character)
{
	return character <= 0x10ffff &&
	       !(character >= 0xd800 && character <= 0xdfff);
}

static void
every_character_is_written_and_read_back(void **state)
{
	(void)state;
	for (uint32_t c = 0; c <= 0x110000; c++) {
		cleanup(buf_free) struct buf out = BUF_INIT;
		uint32_t back = 0;

		text_add_character(&out, c);
		assert_int_equal(text_decode(buf_slice(&out), &back), out.len);
		assert_int_equal(back, is_character(c) ? c : 0xfffd);
		assert_int_equal(text_valid_bytes(buf_slice(&out)), out.len);
	}
}

/* All sequences of two bytes, and all of three and four that begin at the
 * borders of RFC 3629's table. */
static void
only_the_shortest_form_is_valid(void **state)
{
	static const unsigned char firsts[] = { 0x00, 0x7f, 0x80, 0xbf, 0xc0,
		0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0,
		0xf1, 0xf3, 0xf4, 0xf5, 0xff };
	static const unsigned char others[] = { 0x00, 0x7f, 0x80, 0x8f, 0x90,
		0x9f, 0xa0, 0xbf, 0xc0, 0xff };

	(void)state;
	for (size_t a = 0; a < COUNT(firsts); a++)
		for (size_t b = 0; b < COUNT(others); b++)
			for (size_t c = 0; c < COUNT(others); c++)
				for (size_t d = 0; d < COUNT(others); d++) {
					unsigned char bytes[] = { firsts[a],
						others[b], others[c],
						others[d] };
					struct slice text = { (char *)bytes,
						4 };
					cleanup(buf_free) struct buf again =
					    BUF_INIT;
					uint32_t character;
					size_t len =
					    text_decode(text, &character);

					/* Whatever is decoded encodes to the
					 * same bytes: so it was the shortest
					 * form, and a character. */
					if (len == 0)
						continue;
					assert_true(is_character(character));
					text_add_character(&again, character);
					assert_int_equal(again.len, len);
					assert_memory_equal(
					    again.data, bytes, len);
				}
}

static void
validity_ends_at_the_first_bad_byte_wherever_it_stands(void **state)
{
	char bytes[64];

	(void)state;
	for (size_t len = 0; len < sizeof(bytes); len++)
		for (size_t bad = 0; bad < len; bad++) {
			memset(bytes, 'a', len);
			bytes[bad] = (char)0xff;
			assert_int_equal(
			    text_valid_bytes((struct slice){ bytes, len }),
			    bad);
			bytes[bad] = 'a';
			assert_int_equal(
			    text_valid_bytes((struct slice){ bytes, len }),
			    len);
		}
}

static void
each_ill_formed_part_becomes_one_replacement(void **state)
{
	static const char *const cases[][2] = {
		{ "", "" },
		{ "plain", "plain" },
		{ "caf\xc3\xa9", "café" },
		{ "caf\xc3", "caf�" },
		{ "\xff\xfe", "��" },
		{ "a\x80z", "a�z" },
		/* Unicode 15 §3.9, tables 3-8 to 3-11. */
		{ "\xc0\xaf\xe0\x80\xbf\xf0\x81\x82\x41", "��������A" },
		{ "\xed\xa0\x80\xed\xbf\xbf\xed\xaf\x41", "��������A" },
		{ "\xf4\x91\x92\x93\xff\x41\x80\xbf\x42", "�����A��B" },
		{ "\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41", "����A" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(buf_free) struct buf out = BUF_INIT;

		text_add_valid(&out, slice_of(cases[i][0]));
		assert_string_equal(out.data, cases[i][1]);
	}
}

static void
nothing_is_decoded_at_the_end_or_from_bad_bytes(void **state)
{
	uint32_t character = 4711;

	(void)state;
	assert_int_equal(text_decode(slice_of(""), &character), 0);
	assert_int_equal(text_decode(slice_of("\xc3"), &character), 0);
	assert_int_equal(text_decode(slice_of("\xa9"), &character), 0);
	assert_int_equal(character, 4711);
}

static void
a_cut_leaves_whole_characters(void **state)
{
	struct slice text = slice_of("aé€😀"); /* 1, 2, 3 and 4 bytes */
	static const size_t expected[] = { 0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10,
		10 };

	(void)state;
	for (size_t max = 0; max < COUNT(expected); max++)
		assert_int_equal(text_cut(text, max), expected[max]);
	/* Not UTF-8: still within bounds. */
	assert_int_equal(text_cut(slice_of("\x80\x80\x80\x80\x80\x80"), 5), 5);
}

static void
what_moves_a_terminal_is_made_visible(void **state)
{
	static const struct {
		const char *text, *one_line, *multi_line;
	} cases[] = {
		{ "plain é 漢 \\", "plain é 漢 \\", "plain é 漢 \\" },
		{ "a\nb\tc\rd", "a\\nb\\tc\\rd", "a\nb\tc\\rd" },
		{ "\x1b[31m\a\x7f", "\\e[31m\\x07\\x7f", "\\e[31m\\x07\\x7f" },
		{ "\xc2\x9b"
		  "31m",
		    "\\u{009b}31m", "\\u{009b}31m" },
		{ "\u061c\u200e\u200f", "\\u{061c}\\u{200e}\\u{200f}",
		    "\\u{061c}\\u{200e}\\u{200f}" },
		{ "\u202a\u202e", "\\u{202a}\\u{202e}", "\\u{202a}\\u{202e}" },
		{ "\u2066\u2069", "\\u{2066}\\u{2069}", "\\u{2066}\\u{2069}" },
		{ "\u200b\u200d\u2060", "\\u{200b}\\u{200d}\\u{2060}",
		    "\\u{200b}\\u{200d}\\u{2060}" },
		{ "\ufeff\u2028\u2029", "\\u{feff}\\u{2028}\\u{2029}",
		    "\\u{feff}\\u{2028}\\u{2029}" },
		{ "\U000e0041\U000e007f", "\\u{e0041}\\u{e007f}",
		    "\\u{e0041}\\u{e007f}" },
		{ "\u200a\u2010\u2027\u202f\u2070\ufffc",
		    "\u200a\u2010\u2027\u202f\u2070\ufffc",
		    "\u200a\u2010\u2027\u202f\u2070\ufffc" },
		{ "\xff\xe2\x82z", "\\xff\\xe2\\x82z", "\\xff\\xe2\\x82z" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(buf_free) struct buf one = BUF_INIT;
		cleanup(buf_free) struct buf multi = BUF_INIT;

		text_add_visible(&one, slice_of(cases[i].text), TEXT_ONE_LINE);
		assert_string_equal(one.data, cases[i].one_line);
		text_add_visible(
		    &multi, slice_of(cases[i].text), TEXT_MULTI_LINE);
		assert_string_equal(multi.data, cases[i].multi_line);
	}
}

/* One that is hidden, of each kind that Unicode has: the names of the table
 * are theirs. tests/api/cli.test.js compares the whole of it. */
static void
no_invisible_character_stays_so(void **state)
{
	static const uint32_t characters[] = { 0x00, 0x1b, 0x7f, 0x80, 0x9f,
		0xad, 0x34f, 0x600, 0x61c, 0x70f, 0x115f, 0x1160, 0x17b4,
		0x180b, 0x180e, 0x200b, 0x200d, 0x200e, 0x200f, 0x2028, 0x2029,
		0x202a, 0x202e, 0x2060, 0x2061, 0x2064, 0x2065, 0x2066, 0x206f,
		0x3164, 0xfe00, 0xfe0f, 0xfeff, 0xffa0, 0xfff0, 0xfff9, 0x110bd,
		0x13430, 0x1bca0, 0x1d173, 0xe0000, 0xe0001, 0xe0041, 0xe007f,
		0xe0100, 0xe01ef, 0xe0fff };

	(void)state;
	for (size_t i = 0; i < COUNT(characters); i++) {
		cleanup(buf_free) struct buf text = BUF_INIT;
		cleanup(buf_free) struct buf shown = BUF_INIT;

		text_add_character(&text, characters[i]);
		text_add_visible(&shown, buf_slice(&text), TEXT_ONE_LINE);
		assert_int_equal(shown.data[0], '\\');
		for (size_t at = 0; at < shown.len; at++)
			assert_in_range(shown.data[at], 0x20, 0x7e);
		assert_int_equal(text_columns(buf_slice(&text)), 0);
	}
}

/* Whatever stands around them, and wherever they are cut. */
static void
five_hundred_hostile_sequences_are_made_visible(void **state)
{
	static const char *const ends[] = { "", "[2J", "[31m", "]0;title\x07",
		"]52;c;cm0gLXJm\x07", "]8;;http://evil.example\x1b\\",
		"[?1049h", "[6n", "c", "Pq\x1b\\", "_x\x9c", "\xe2\x80",
		"\xf3\xa0\x80", "\xc2", "\x80\x80", "\x18", "\r\n", "e\u0301",
		"漢", "\\" };
	size_t count = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(hidden); i++)
		for (size_t j = 0; j < COUNT(ends); j++, count++) {
			cleanup(buf_free) struct buf text = BUF_INIT;
			cleanup(buf_free) struct buf shown = BUF_INIT;
			cleanup(buf_free) struct buf again = BUF_INIT;

			text_add_character(&text, hidden[i].first);
			buf_add_str(&text, ends[j]);
			text_add_character(&text, hidden[i].last);
			text_add_visible(
			    &shown, buf_slice(&text), TEXT_ONE_LINE);
			assert_int_equal(
			    text_valid_bytes(buf_slice(&shown)), shown.len);
			text_add_visible(
			    &again, buf_slice(&shown), TEXT_ONE_LINE);
			assert_string_equal(again.data, shown.data);
		}
	assert_true(count > 500);
}

static void
a_nul_is_made_visible(void **state)
{
	cleanup(buf_free) struct buf out = BUF_INIT;

	(void)state;
	text_add_visible(&out, SLICE_LITERAL("a\0b"), TEXT_ONE_LINE);
	assert_string_equal(out.data, "a\\x00b");
}

static void
a_quotation_is_short_and_visible(void **state)
{
	cleanup(buf_free) struct buf out = BUF_INIT;
	char longer[TEXT_QUOTED_BYTES + 1];

	(void)state;
	text_add_quoted(&out, slice_of("a\nb"));
	assert_string_equal(out.data, "\"a\\nb\"");
	buf_reset(&out);
	memset(longer, 'x', sizeof(longer));
	text_add_quoted(&out, (struct slice){ longer, sizeof(longer) });
	assert_int_equal(out.len, TEXT_QUOTED_BYTES + strlen("\"…\""));
	assert_true(slice_ends_with(buf_slice(&out), SLICE_LITERAL("x…\"")));
}

static void
columns_are_those_of_a_terminal(void **state)
{
	static const struct {
		const char *text;
		size_t columns;
	} cases[] = {
		{ "", 0 },
		{ "plain", 5 },
		{ "é", 1 },
		{ "e\u0301", 1 },
		{ "漢字", 4 },
		{ "한국", 4 },
		{ "ﾊﾝｶｸ", 4 },
		{ "Ａ", 2 },
		{ "😀", 2 },
		{ "❤\ufe0f", 1 },
		{ "\u200b\u202e", 0 },
		{ "か\u3099", 2 },
		{ "…→✓", 3 },
		{ "\xff\xfe", 2 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(
		    text_columns(slice_of(cases[i].text)), cases[i].columns);
}

static void
tables_are_in_order(void **state)
{
	static const struct {
		const struct range *ranges;
		size_t count;
	} tables[] = {
		{ hidden, COUNT(hidden) },
		{ combining, COUNT(combining) },
		{ wide, COUNT(wide) },
	};

	(void)state;
	for (size_t t = 0; t < COUNT(tables); t++)
		for (size_t i = 0; i < tables[t].count; i++) {
			const struct range *range = tables[t].ranges + i;

			assert_true(range->first <= range->last);
			if (i > 0)
				assert_true(range->first > range[-1].last);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_character_is_written_and_read_back),
		cmocka_unit_test(only_the_shortest_form_is_valid),
		cmocka_unit_test(
		    validity_ends_at_the_first_bad_byte_wherever_it_stands),
		cmocka_unit_test(each_ill_formed_part_becomes_one_replacement),
		cmocka_unit_test(
		    nothing_is_decoded_at_the_end_or_from_bad_bytes),
		cmocka_unit_test(a_cut_leaves_whole_characters),
		cmocka_unit_test(what_moves_a_terminal_is_made_visible),
		cmocka_unit_test(no_invisible_character_stays_so),
		cmocka_unit_test(
		    five_hundred_hostile_sequences_are_made_visible),
		cmocka_unit_test(a_nul_is_made_visible),
		cmocka_unit_test(a_quotation_is_short_and_visible),
		cmocka_unit_test(columns_are_those_of_a_terminal),
		cmocka_unit_test(tables_are_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
