#include "hook/shorten.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"

#include "base/json_reader.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
assert_shortened(const char *text, size_t most, const char *expected)
{
	cleanup(buf_free) struct buf out = BUF_INIT;

	shorten(slice_of(text), most, SHORTEN_DEPTH, &out);
	assert_string_equal(out.data, expected);
}

static void
what_is_within_bounds_is_left_alone(void **state)
{
	static const char *const texts[] = { "", "{}", "{\"a\":[1,\"x\\n\"]}",
		"no JSON at all \"", "[[[", "\"\\" };

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		assert_false(shorten_is_needed(slice_of(texts[i]), 100));
		assert_shortened(texts[i], 100, texts[i]);
	}
}

static void
long_strings_are_cut_and_short_ones_are_not(void **state)
{
	cleanup(buf_free) struct buf text = BUF_INIT;
	cleanup(buf_free) struct buf out = BUF_INIT;
	cleanup(json_reader_free) struct json_reader reader = JSON_READER_INIT;
	struct error err;

	(void)state;
	buf_add_str(&text, "{\"id\":\"call_1\",\"a\":\"");
	buf_add_chars(&text, 'x', 5000);
	buf_add_str(&text, "\",\"b\":\"");
	for (int i = 0; i < 1000; i++)
		buf_add_str(&text, "\\u0000ö");
	buf_add_str(&text, "\"}");
	assert_true(shorten_is_needed(buf_slice(&text), 2000));
	shorten(buf_slice(&text), 2000, SHORTEN_DEPTH, &out);
	assert_true(out.len <= 2000);
	assert_int_equal(json_reader_read(&reader, buf_slice(&out), &err), 0);
	assert_true(slice_is(
	    json_reader_member(&reader, reader.nodes, "id")->text, "call_1"));
	assert_non_null(strstr(out.data, "xxx…[cut 4500 bytes]\""));
	assert_null(strstr(out.data, "\\u000…"));
}

static void
what_is_nested_too_deep_becomes_a_word(void **state)
{
	cleanup(buf_free) struct buf text = BUF_INIT;
	cleanup(buf_free) struct buf out = BUF_INIT;
	cleanup(json_reader_free) struct json_reader reader = JSON_READER_INIT;
	struct error err;

	(void)state;
	buf_add_str(&text, "{\"a\":");
	buf_add_chars(&text, '[', 1000);
	buf_add_str(&text, "\"]\\\"]\",{}");
	buf_add_chars(&text, ']', 1000);
	buf_add_str(&text, ",\"b\":1}");
	assert_true(shorten_is_needed(buf_slice(&text), SIZE_MAX));
	shorten(buf_slice(&text), SIZE_MAX, SHORTEN_DEPTH, &out);
	assert_int_equal(json_reader_read(&reader, buf_slice(&out), &err), 0);
	assert_non_null(strstr(out.data, "\"[nested too deep]\""));
	assert_non_null(json_reader_member(&reader, reader.nodes, "b"));
}

static void
what_nests_is_left_out_where_that_is_asked_for(void **state)
{
	cleanup(buf_free) struct buf out = BUF_INIT;

	(void)state;
	shorten(SLICE_LITERAL("{\"a\":{\"b\":1,\"b\":[2]},\"c\":[{}],\"d\":3}"),
	    SIZE_MAX, SHORTEN_EVENT, &out);
	assert_string_equal(out.data,
	    "{\"a\":{\"…\":\"[left out]\"},\"c\":[\"[left out]\"],\"d\":3}");
}

static void
what_is_no_utf_8_becomes_a_replacement(void **state)
{
	(void)state;
	assert_true(shorten_is_needed(SLICE_LITERAL("\"\xff\""), 100));
	assert_shortened("\"a\xff\xc3\"", 100, "\"a\xef\xbf\xbd\xef\xbf\xbd\"");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_within_bounds_is_left_alone),
		cmocka_unit_test(long_strings_are_cut_and_short_ones_are_not),
		cmocka_unit_test(what_is_nested_too_deep_becomes_a_word),
		cmocka_unit_test(
		    what_nests_is_left_out_where_that_is_asked_for),
		cmocka_unit_test(what_is_no_utf_8_becomes_a_replacement),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
