#include "lib/base/json_reader.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/json_oracle.h"
#include "tests/unit/chance.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The nodes of `node` as compact JSON with decoded strings: what was read. */
static void
add_again(
    struct buf *out, const struct json_reader *reader, size_t index, bool key)
{
	const struct json_node *node = reader->nodes + index;
	const struct json_node *child;

	if (key) {
		buf_add_slice(out, node->key);
		buf_add_char(out, ':');
	}
	if (node->type == JSON_STRING)
		buf_add_char(out, '"');
	if (node->type != JSON_ARRAY && node->type != JSON_OBJECT)
		buf_add_slice(out, node->text);
	if (node->type == JSON_STRING)
		buf_add_char(out, '"');
	if (node->type == JSON_ARRAY || node->type == JSON_OBJECT)
		buf_add_char(out, node->type == JSON_ARRAY ? '[' : '{');
	for (child = json_reader_first(reader, node); child != NULL;
	     child = json_reader_next(reader, node, child)) {
		add_again(out, reader, (size_t)(child - reader->nodes),
		    node->type == JSON_OBJECT);
		buf_add_char(out, ' ');
	}
	if (node->type == JSON_ARRAY || node->type == JSON_OBJECT)
		buf_add_char(out, node->type == JSON_ARRAY ? ']' : '}');
}

static void
texts_are_read(void **state)
{
	static const char *const cases[][2] = {
		{ "null", "null" },
		{ " true\t", "true" },
		{ "\r\nfalse ", "false" },
		{ "0", "0" },
		{ "-0.50e+03", "-0.50e+03" },
		{ "123456789012345678901234567890",
		    "123456789012345678901234567890" },
		{ "\"\"", "\"\"" },
		{ "\"plain\"", "\"plain\"" },
		{ "\"long enough for several eights at once\"",
		    "\"long enough for several eights at once\"" },
		{ "\"caf\xc3\xa9 \xe6\xbc\xa2 \xf0\x9f\x98\x80\"",
		    "\"café 漢 😀\"" },
		{ "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\"\\/\b\f\n\r\t\"" },
		{ "\"a\\u00e9\\u6F22\\ud83d\\ude00z\"", "\"aé漢😀z\"" },
		{ "\"\\ud800\"", "\"\ufffd\"" },
		{ "\"\\udc00x\"", "\"\ufffdx\"" },
		{ "\"\\ud800\\n\"", "\"\ufffd\n\"" },
		{ "\"\\ud800\\ud83d\\ude00\"", "\"\ufffd😀\"" },
		{ "\"\\ud800\\u0041\"", "\"\ufffdA\"" },
		{ "\"\x7f\"", "\"\x7f\"" },
		{ "[]", "[]" },
		{ " [ ] ", "[]" },
		{ "{}", "{}" },
		{ "[1,[2,[]],{}]", "[1 [2 [] ] {} ]" },
		{ " { \"a\" : 1 , \"b\" : [ true ] } ", "{a:1 b:[true ] }" },
		{ "{\"\":{\"\":{\"\":null}}}", "{:{:{:null } } }" },
		{ "{\"\\u0061\":1,\"b\":\"\\n\"}", "{a:1 b:\"\n\" }" },
		{ "{\"a\":{\"a\":1},\"b\":{\"a\":1}}", "{a:{a:1 } b:{a:1 } }" },
	};
	struct json_reader reader = JSON_READER_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup(buf_free) struct buf again = BUF_INIT;
		struct error err = { 0 };

		assert_int_equal(
		    json_reader_read(&reader, slice_of(cases[i][0]), &err), 0);
		add_again(&again, &reader, 0, false);
		assert_string_equal(again.data, cases[i][1]);
		assert_int_equal(reader.nodes[0].next, reader.count);
	}
	json_reader_free(&reader);
}

static void
what_is_no_json_is_refused_with_the_byte(void **state)
{
	static const struct {
		const char *text;
		enum error_code code;
		const char *sentence;
	} cases[] = {
		{ "", ERROR_BAD_JSON,
		    "byte 1: the text ends where a value should stand" },
		{ "  ", ERROR_BAD_JSON,
		    "byte 3: the text ends where a value should stand" },
		{ "nul", ERROR_BAD_JSON, "byte 1: a value should stand here" },
		{ "True", ERROR_BAD_JSON, "byte 1: a value should stand here" },
		{ "NaN", ERROR_BAD_JSON, "byte 1: a value should stand here" },
		{ "truex", ERROR_BAD_JSON,
		    "byte 5: something follows the value" },
		{ "1 2", ERROR_BAD_JSON,
		    "byte 3: something follows the value" },
		{ "01", ERROR_BAD_JSON, "byte 2: something follows the value" },
		{ "-", ERROR_BAD_JSON,
		    "byte 2: the text ends where a digit should stand" },
		{ "-a", ERROR_BAD_JSON, "byte 2: a digit should stand here" },
		{ "1.", ERROR_BAD_JSON,
		    "byte 3: the text ends where a digit should stand" },
		{ "[1.e1]", ERROR_BAD_JSON,
		    "byte 4: a digit should stand here" },
		{ "[1e+]", ERROR_BAD_JSON,
		    "byte 5: a digit should stand here" },
		{ "+1", ERROR_BAD_JSON, "byte 1: a value should stand here" },
		{ ".5", ERROR_BAD_JSON, "byte 1: a value should stand here" },
		{ "\xef\xbb\xbf{}", ERROR_BAD_JSON,
		    "byte 1: a value should stand here" },
		{ "\v1", ERROR_BAD_JSON, "byte 1: a value should stand here" },
		{ "// 1", ERROR_BAD_JSON, "byte 1: a value should stand here" },
		{ "\"", ERROR_BAD_JSON,
		    "byte 2: the text ends within a string" },
		{ "\"abcdefghijkl", ERROR_BAD_JSON,
		    "byte 14: the text ends within a string" },
		{ "\"abcdef\nghijkl\"", ERROR_BAD_JSON,
		    "byte 8: a control character stands in a string" },
		{ "\"a\\x\"", ERROR_BAD_JSON,
		    "byte 3: there is no such escape" },
		{ "\"a\\", ERROR_BAD_JSON, "byte 3: there is no such escape" },
		{ "\"\\u12\"", ERROR_BAD_JSON,
		    "byte 2: there is no such escape" },
		{ "\"\\u12G4\"", ERROR_BAD_JSON,
		    "byte 2: there is no such escape" },
		{ "\"\\U0041\"", ERROR_BAD_JSON,
		    "byte 2: there is no such escape" },
		{ "\"\\n\x01\"", ERROR_BAD_JSON,
		    "byte 4: a control character stands in a string" },
		{ "'a'", ERROR_BAD_JSON, "byte 1: a value should stand here" },
		{ "[1,]", ERROR_BAD_JSON, "byte 4: a value should stand here" },
		{ "[,1]", ERROR_BAD_JSON, "byte 2: a value should stand here" },
		{ "[1 2]", ERROR_BAD_JSON,
		    "byte 4: a comma or ']' should stand here" },
		{ "[1}", ERROR_BAD_JSON,
		    "byte 3: a comma or ']' should stand here" },
		{ "[", ERROR_BAD_JSON,
		    "byte 2: the text ends where a value should stand" },
		{ "[1", ERROR_BAD_JSON,
		    "byte 3: the text ends where a comma or ']' should stand" },
		{ "{", ERROR_BAD_JSON,
		    "byte 2: the text ends where a key should stand" },
		{ "{1:2}", ERROR_BAD_JSON, "byte 2: a key should stand here" },
		{ "{\"a\":1,}", ERROR_BAD_JSON,
		    "byte 8: a key should stand here" },
		{ "{\"a\" 1}", ERROR_BAD_JSON,
		    "byte 6: a colon should stand here" },
		{ "{\"a\":}", ERROR_BAD_JSON,
		    "byte 6: a value should stand here" },
		{ "{\"a\":1]", ERROR_BAD_JSON,
		    "byte 7: a comma or '}' should stand here" },
		{ "}", ERROR_BAD_JSON, "byte 1: a value should stand here" },
		{ "\"a\x80\"", ERROR_BAD_UTF8, "byte 3: this is not UTF-8" },
		{ "\"\xc0\xaf\"", ERROR_BAD_UTF8, "byte 2: this is not UTF-8" },
		{ "\"\xed\xa0\x80\"", ERROR_BAD_UTF8,
		    "byte 2: this is not UTF-8" },
		{ "\"\xe6\xbc\"", ERROR_BAD_UTF8, "byte 2: this is not UTF-8" },
		{ "\"\xe6\xbc", ERROR_BAD_UTF8, "byte 2: this is not UTF-8" },
		{ "{\"\xff\":1}", ERROR_BAD_UTF8, "byte 3: this is not UTF-8" },
		{ "\"\\n\xff\"", ERROR_BAD_UTF8, "byte 4: this is not UTF-8" },
		{ "\"abcdefghij\xff\"", ERROR_BAD_UTF8,
		    "byte 12: this is not UTF-8" },
	};
	struct json_reader reader = JSON_READER_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct error err = { 0 };

		assert_int_equal(
		    json_reader_read(&reader, slice_of(cases[i].text), &err),
		    -1);
		assert_string_equal(err.sentence, cases[i].sentence);
		assert_int_equal(err.code, cases[i].code);
		assert_int_equal(reader.count, 0);
	}
	json_reader_free(&reader);
}

static void
nul_is_a_character_like_others(void **state)
{
	struct json_reader reader = JSON_READER_INIT;
	struct error err = { 0 };

	(void)state;
	assert_int_equal(
	    json_reader_read(
		&reader, slice_of("{\"a\\u0000b\":\"\\u0000\",\"a\":1}"), &err),
	    0);
	assert_true(slice_equal(reader.nodes[1].key, SLICE_LITERAL("a\0b")));
	assert_true(slice_equal(reader.nodes[1].text, SLICE_LITERAL("\0")));
	assert_int_equal(
	    json_reader_read(&reader, SLICE_LITERAL("\"a\0b\""), &err), -1);
	assert_int_equal(
	    json_reader_read(&reader, SLICE_LITERAL("1\0"), &err), -1);
	json_reader_free(&reader);
}

static void
nodes_know_their_children_and_their_bytes(void **state)
{
	static const char text[] =
	    " {\"a\":[1,\"x\",{}],\"b\":{\"c\":null},\"d\":\"e\"}";
	struct json_reader reader = JSON_READER_INIT;
	const struct json_node *top, *a, *b;
	struct error err = { 0 };

	(void)state;
	assert_int_equal(json_reader_read(&reader, slice_of(text), &err), 0);
	top = reader.nodes;
	assert_int_equal(reader.count, 8);
	assert_int_equal(top->type, JSON_OBJECT);
	assert_int_equal(top->children, 3);
	assert_null(top->key.data);
	assert_true(slice_is(top->text, text + 1));
	a = json_reader_member(&reader, top, "a");
	assert_ptr_equal(a, reader.nodes + 1);
	assert_int_equal(a->children, 3);
	assert_int_equal(a->next, 5);
	assert_true(slice_is(a->text, "[1,\"x\",{}]"));
	assert_null(json_reader_first(&reader, a)->key.data);
	b = json_reader_member(&reader, top, "b");
	assert_true(slice_is(b->text, "{\"c\":null}"));
	assert_ptr_equal(json_reader_member(&reader, b, "c"), reader.nodes + 6);
	assert_null(json_reader_member(&reader, top, "c"));
	assert_null(json_reader_member(&reader, a, "a"));
	assert_null(json_reader_first(&reader, reader.nodes + 4));
	json_reader_free(&reader);
}

static void
a_text_without_escapes_is_not_copied(void **state)
{
	static const char text[] = "{\"key\":\"value\"}";
	struct json_reader reader = JSON_READER_INIT;
	struct error err = { 0 };

	(void)state;
	assert_int_equal(json_reader_read(&reader, slice_of(text), &err), 0);
	assert_ptr_equal(reader.nodes[1].key.data, text + 2);
	assert_ptr_equal(reader.nodes[1].text.data, text + 8);
	assert_int_equal(reader.decoded.capacity, 0);
	json_reader_free(&reader);
}

static void
decoded_strings_stay_where_they_are(void **state)
{
	cleanup(buf_free) struct buf text = BUF_INIT;
	struct json_reader reader = JSON_READER_INIT;
	struct error err = { 0 };
	unsigned i = 0;

	(void)state;
	buf_add_str(&text, "[\"\\n\"");
	for (unsigned n = 0; n < 10000; n++)
		buf_addf(&text, ",\"\\u0041%u\"", n);
	buf_add_char(&text, ']');
	assert_int_equal(json_reader_read(&reader, buf_slice(&text), &err), 0);
	for (const struct json_node *node = reader.nodes + 2;
	     node < reader.nodes + reader.count; node++) {
		char expected[16];

		snprintf(expected, sizeof(expected), "A%u", i++);
		assert_true(slice_is(node->text, expected));
	}
	assert_int_equal(i, 10000);
	json_reader_free(&reader);
}

static void
thirty_two_levels_are_fine_and_one_more_is_too_deep(void **state)
{
	static const char *const brackets[] = { "[]", "{}" };
	struct json_reader reader = JSON_READER_INIT;

	(void)state;
	for (size_t kind = 0; kind < 2; kind++)
		for (size_t depth = 31; depth <= 34; depth++) {
			cleanup(buf_free) struct buf text = BUF_INIT;
			struct error err = { 0 };

			for (size_t i = 0; i < depth; i++)
				buf_add_str(&text, kind == 0 ? "[" : "{\"a\":");
			buf_add_str(&text, "1");
			buf_add_chars(&text, brackets[kind][1], depth);
			assert_int_equal(
			    json_reader_read(&reader, buf_slice(&text), &err),
			    depth <= JSON_READER_DEPTH ? 0 : -1);
			if (depth > JSON_READER_DEPTH)
				assert_int_equal(err.code, ERROR_TOO_DEEP);
		}
	json_reader_free(&reader);
}

static void
a_mebibyte_is_read_and_one_byte_more_is_too_long(void **state)
{
	cleanup(buf_free) struct buf text = BUF_INIT;
	struct json_reader reader = JSON_READER_INIT;
	struct error err = { 0 };

	(void)state;
	buf_add_char(&text, '"');
	buf_add_chars(&text, 'x', JSON_READER_BYTES - 2);
	buf_add_char(&text, '"');
	assert_int_equal(json_reader_read(&reader, buf_slice(&text), &err), 0);
	buf_add_char(&text, ' ');
	assert_int_equal(json_reader_read(&reader, buf_slice(&text), &err), -1);
	assert_int_equal(err.code, ERROR_TOO_LONG);
	json_reader_free(&reader);
}

static void
many_nodes_are_not_kept(void **state)
{
	cleanup(buf_free) struct buf text = BUF_INIT;
	struct json_reader reader = JSON_READER_INIT;
	struct error err = { 0 };

	(void)state;
	buf_add_str(&text, "[0");
	while (text.len < JSON_READER_BYTES - 2)
		buf_add_str(&text, ",0");
	buf_add_char(&text, ']');
	assert_int_equal(json_reader_read(&reader, buf_slice(&text), &err), 0);
	assert_int_equal(reader.count, 1 + reader.nodes[0].children);
	assert_true(reader.count > JSON_READER_BYTES / 2 - 2);
	assert_int_equal(json_reader_read(&reader, slice_of("[0]"), &err), 0);
	assert_int_equal(reader.count, 2);
	assert_true(reader.capacity < KEPT_NODES);
	json_reader_free(&reader);
}

/* An object of `count` members; member `second` has the key of `first`. */
static void
add_object(struct buf *out, unsigned count, unsigned first, unsigned second)
{
	buf_add_char(out, '{');
	for (unsigned i = 0; i < count; i++)
		buf_addf(out, "%s\"key-%u\":%u", i == 0 ? "" : ", ",
		    i == second ? first : i, i);
	buf_add_char(out, '}');
}

static void
a_key_that_comes_twice_is_found_in_objects_of_any_size(void **state)
{
	struct json_reader reader = JSON_READER_INIT;

	(void)state;
	for (unsigned count = 2; count < 80; count++)
		for (unsigned first = 0; first < count; first++) {
			cleanup(buf_free) struct buf text = BUF_INIT;
			unsigned second = (first + count / 2 + 1) % count;
			struct error err = { 0 };
			char key[16];

			add_object(&text, count, first, second);
			snprintf(key, sizeof(key), "key-%u", first);
			if (first == second) {
				assert_int_equal(json_reader_read(&reader,
						     buf_slice(&text), &err),
				    0);
				continue;
			}
			assert_int_equal(
			    json_reader_read(&reader, buf_slice(&text), &err),
			    -1);
			assert_int_equal(err.code, ERROR_DUPLICATE_KEY);
			assert_string_equal(err.field, key);
		}
	json_reader_free(&reader);
}

static void
a_key_that_comes_twice_is_found_at_any_depth_and_in_any_writing(void **state)
{
	static const struct {
		const char *text;
		const char *field;
		const char *sentence;
	} cases[] = {
		{ "{\"a\":1,\"a\":1}", "a",
		    "byte 1: the object that begins here has the key \"a\" "
		    "twice" },
		{ "[1,{\"b\":{\"\":1,\"c\":2,\"\":3}}]", "",
		    "byte 9: the object that begins here has the key \"\" "
		    "twice" },
		{ "{\"abc\":1,\"\\u0061bc\":1}", "abc",
		    "byte 1: the object that begins here has the key \"abc\" "
		    "twice" },
		{ "{\"\\ud800\":1,\"\\udc00\":1}", "\ufffd",
		    "byte 1: the object that begins here has the key "
		    "\"\ufffd\" twice" },
		{ "{\"\\u001b\\u0000\":{},\"\\u001b\\u0000\":1}", "\\e\\x00",
		    "byte 1: the object that begins here has the key "
		    "\"\\e\\x00\" twice" },
	};
	struct json_reader reader = JSON_READER_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct error err = { 0 };

		assert_int_equal(
		    json_reader_read(&reader, slice_of(cases[i].text), &err),
		    -1);
		assert_int_equal(err.code, ERROR_DUPLICATE_KEY);
		assert_string_equal(err.field, cases[i].field);
		assert_string_equal(err.sentence, cases[i].sentence);
	}
	json_reader_free(&reader);
}

/* One small change somewhere in `text`. */
static void
mutate(struct buf *text, uint64_t *chance)
{
	static const char *const pieces[] = { "{", "}", "[", "]", ",", ":",
		"\"", "\\", "\\u", "\\u0000", "\\ud83d", "\\ude00", "\\n",
		"\"a\":", "-", "0", "1", ".", "e", "E+", "1e5", " ", "\n", "\t",
		"\x1f", "\x7f", "\x80", "\xbf", "\xc2", "\xc3\xa9", "\xe0\x80",
		"\xe6\xbc\xa2", "\xed\xa0\x80", "\xf0\x9f\x98\x80", "\xf4\x90",
		"\xff", "null", "true", "false", "nul", "[]", "{}",
		"12345678901234567890", "/", "'" };
	size_t at = chance_below(chance, text->len + 1);
	size_t len = chance_below(chance, 4);
	cleanup(buf_free) struct buf rest = BUF_INIT;
	struct slice tail;

	if (len > text->len - at)
		len = text->len - at;
	tail = (struct slice){ text->data + at, text->len - at };
	buf_add_slice(&rest, tail);
	buf_set_len(text, at);
	switch (chance_below(chance, 4)) {
	case 0: /* taken away */
		buf_consume(&rest, len);
		break;
	case 1: /* one byte for another */
		if (rest.len > 0)
			rest.data[0] = (char)chance_draw(chance);
		break;
	case 2: /* twice */
		buf_add(text, rest.data, len);
		break;
	default:
		buf_add_str(text, pieces[chance_below(chance, COUNT(pieces))]);
	}
	buf_add_slice(text, buf_slice(&rest));
}

static void
json_c_and_the_writer_agree_on_mutated_texts(void **state)
{
	static const char *const seeds[] = {
		"{\"seq\":42,\"time\":\"2026-11-23T20:15:08.123456Z\","
		"\"request\":{\"command\":\"ls -la\\n\"},\"n\":-1.5e3}",
		"[\"caf\xc3\xa9\",\"\\u00e9\\ud83d\\ude00\",[[],{}],null,true]",
		" { \"a\" : [ 1 , 2.0 , -3e-1 , 0 ] , \"b\" : false } ",
		"\"a longer string, of which eights are looked at: \xe6\xbc\xa2\"",
		"[18446744073709551615,-9223372036854775808,1E400]",
		"{\"a\":{\"b\":{\"c\":[{\"d\":\"\\u0000\"}]}},\"\":\"\"}",
	};
	enum { CASES = 60000, FLOOR = CASES / 20 };
	struct json_reader reader = JSON_READER_INIT;
	struct json_reader again = JSON_READER_INIT;
	uint64_t chance = 20261123;
	unsigned taken = 0;

	(void)state;
	for (unsigned i = 0; i < CASES; i++) {
		cleanup(buf_free) struct buf text = BUF_INIT;
		struct error err = { 0 };
		const char *objection;
		int result;

		buf_add_str(&text, seeds[i % COUNT(seeds)]);
		for (size_t n = chance_below(&chance, 4); n > 0; n--)
			mutate(&text, &chance);
		result = json_reader_read(&reader, buf_slice(&text), &err);
		objection = json_oracle_objects(
		    &reader, buf_slice(&text), result, &err);
		if (objection != NULL)
			fail_msg(
			    "%s: %s (%s)", text.data, objection, err.sentence);
		if (result == -1)
			continue;
		taken++;
		assert_true(json_oracle_reads_back(&reader, &again));
	}
	/* Both answers came often enough for the comparison to say something.
	 */
	assert_in_range(taken, FLOOR, CASES - FLOOR);
	json_reader_free(&reader);
	json_reader_free(&again);
}

static void
an_object_may_have_many_keys_that_differ(void **state)
{
	cleanup(buf_free) struct buf text = BUF_INIT;
	struct json_reader reader = JSON_READER_INIT;
	struct error err = { 0 };

	(void)state;
	for (unsigned i = 0; i < 3 * FEW_MEMBERS; i++)
		buf_addf(&text, "%s\"k%u\":%u", i == 0 ? "{" : ",", i, i);
	buf_add_char(&text, '}');
	assert_int_equal(json_reader_read(&reader, buf_slice(&text), &err), 0);
	assert_int_equal(reader.nodes[0].children, 3 * FEW_MEMBERS);
	assert_true(slice_is(
	    json_reader_member(&reader, reader.nodes, "k95")->text, "95"));
	json_reader_free(&reader);
}

static void
nothing_at_all_is_no_text(void **state)
{
	struct json_reader reader = JSON_READER_INIT;
	struct error err = { 0 };

	(void)state;
	assert_int_equal(
	    json_reader_read(&reader, (struct slice){ NULL, 0 }, &err), -1);
	assert_string_equal(
	    err.sentence, "byte 1: the text ends where a value should stand");
	json_reader_free(&reader);
}

static void
every_type_has_a_name(void **state)
{
	(void)state;
	for (int type = JSON_NULL; type <= JSON_OBJECT; type++)
		assert_non_null(json_type_name((enum json_node_type)type));
	assert_string_equal(json_type_name(JSON_OBJECT), "an object");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_read),
		cmocka_unit_test(what_is_no_json_is_refused_with_the_byte),
		cmocka_unit_test(nul_is_a_character_like_others),
		cmocka_unit_test(nodes_know_their_children_and_their_bytes),
		cmocka_unit_test(a_text_without_escapes_is_not_copied),
		cmocka_unit_test(decoded_strings_stay_where_they_are),
		cmocka_unit_test(
		    thirty_two_levels_are_fine_and_one_more_is_too_deep),
		cmocka_unit_test(
		    a_mebibyte_is_read_and_one_byte_more_is_too_long),
		cmocka_unit_test(many_nodes_are_not_kept),
		cmocka_unit_test(
		    a_key_that_comes_twice_is_found_in_objects_of_any_size),
		cmocka_unit_test(
		    a_key_that_comes_twice_is_found_at_any_depth_and_in_any_writing),
		cmocka_unit_test(json_c_and_the_writer_agree_on_mutated_texts),
		cmocka_unit_test(an_object_may_have_many_keys_that_differ),
		cmocka_unit_test(nothing_at_all_is_no_text),
		cmocka_unit_test(every_type_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
