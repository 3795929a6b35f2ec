#include "lib/base/json_writer.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
values_get_their_commas(void **state)
{
	cleanup(buf_free) struct buf out = BUF_INIT;
	struct json_writer json;

	(void)state;
	json_writer_init(&json, &out);
	json_writer_object(&json);
	json_writer_pair(&json, "a", "x");
	json_writer_key(&json, "b");
	json_writer_array(&json);
	json_writer_u64(&json, UINT64_MAX);
	json_writer_i64(&json, INT64_MIN);
	json_writer_i64(&json, 7);
	json_writer_array(&json);
	json_writer_end_array(&json);
	json_writer_object(&json);
	json_writer_end_object(&json);
	json_writer_null(&json);
	json_writer_bool(&json, true);
	json_writer_hex(&json, "\x0a\xff", 2);
	json_writer_raw(&json, SLICE_LITERAL("{\"r\":1}"));
	json_writer_end_array(&json);
	json_writer_pair_u64(&json, "c", 3);
	json_writer_pair_bool(&json, "d", false);
	json_writer_pair_time(&json, "e", 1795464908123456);
	json_writer_pair_time_or_null(&json, "g", 1795464908123456);
	json_writer_pair_slice(&json, "f", SLICE_LITERAL("y"));
	json_writer_end_object(&json);
	assert_string_equal(out.data,
	    "{\"a\":\"x\",\"b\":[18446744073709551615,-9223372036854775808,7,"
	    "[],{},null,true,\"0aff\",{\"r\":1}],\"c\":3,\"d\":false,"
	    "\"e\":\"2026-11-23T20:15:08.123456Z\","
	    "\"g\":\"2026-11-23T20:15:08.123456Z\",\"f\":\"y\"}");
	assert_int_equal(json.depth, 0);
}

static void
what_is_not_there_is_null(void **state)
{
	cleanup(buf_free) struct buf out = BUF_INIT;
	struct json_writer json;

	(void)state;
	json_writer_init(&json, &out);
	json_writer_array(&json);
	json_writer_string(&json, (struct slice){ NULL, 0 });
	json_writer_string(&json, (struct slice){ "", 0 });
	json_writer_text(&json, NULL);
	json_writer_object(&json);
	json_writer_pair_time_or_null(&json, "a", 0);
	json_writer_end_object(&json);
	json_writer_end_array(&json);
	assert_string_equal(out.data, "[null,\"\",null,{\"a\":null}]");
}

static void
fixed_keeps_its_digits(void **state)
{
	static const struct {
		double value;
		int digits;
		const char *text;
	} cases[] = {
		{ 12.5, 2, "12.50" },
		{ 12.5, 0, "12" },
		{ 13.5, 0, "14" },
		{ 0, 1, "0.0" },
		{ -1.25, 3, "-1.250" },
		{ 1e21, 1, "1000000000000000000000.0" },
		{ 0.1, 17, "0.10000000000000001" },
		{ NAN, 2, "null" },
		{ INFINITY, 2, "null" },
		{ -INFINITY, 2, "null" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(buf_free) struct buf out = BUF_INIT;
		struct json_writer json;

		json_writer_init(&json, &out);
		json_writer_fixed(&json, cases[i].value, cases[i].digits);
		assert_string_equal(out.data, cases[i].text);
	}
}

/* As printf() writes them in one locale or another. */
static void
the_locale_s_point_becomes_json_s(void **state)
{
	static const char *const cases[][2] = {
		{ "12.50", "[12.50" },
		{ "-12,50", "[-12.50" },
		{ "12\u066b5", "[12.5" },
		{ "12", "[12" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(buf_free) struct buf out = BUF_INIT;

		buf_add_char(&out, '[');
		buf_add_str(&out, cases[i][0]);
		normalize_point(&out, 1);
		assert_string_equal(out.data, cases[i][1]);
	}
}

static void
every_escaped_byte(void **state)
{
	(void)state;
	for (int c = 0; c < 0x100; c++) {
		static const char shorts[] = "\"\"\\\\\bb\ff\nn\rr\tt";
		cleanup(buf_free) struct buf out = BUF_INIT;
		char byte = (char)c, expected[8];
		const char *pair = c == 0 ? NULL : strchr(shorts, c);

		if (pair != NULL && (pair - shorts) % 2 == 0)
			snprintf(expected, sizeof(expected), "\\%c", pair[1]);
		else if (c < 0x20 || c == 0x7f)
			snprintf(expected, sizeof(expected), "\\u%04x", c);
		else
			snprintf(expected, sizeof(expected), "%c", c);
		json_writer_escape(&out, (struct slice){ &byte, 1 });
		assert_string_equal(out.data, expected);
	}
}

static void
escapes_stand_anywhere_in_a_text(void **state)
{
	char text[40];

	(void)state;
	for (size_t len = 1; len < sizeof(text); len++)
		for (size_t at = 0; at < len; at++) {
			cleanup(buf_free) struct buf out = BUF_INIT;

			memset(text, 'x', len);
			text[at] = '"';
			json_writer_escape(&out, (struct slice){ text, len });
			assert_int_equal(out.len, len + 1);
			assert_memory_equal(out.data + at, "\\\"", 2);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_get_their_commas),
		cmocka_unit_test(what_is_not_there_is_null),
		cmocka_unit_test(fixed_keeps_its_digits),
		cmocka_unit_test(the_locale_s_point_becomes_json_s),
		cmocka_unit_test(every_escaped_byte),
		cmocka_unit_test(escapes_stand_anywhere_in_a_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
