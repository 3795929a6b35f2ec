/* lib/base/json_walk.c: JSON from the outside in. */
#include "base/json_walk.c"

#include "base/buf.h"
#include "base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct json_walk
walk_of(const char *text)
{
	struct json_walk walk;

	json_walk_init(&walk, slice_of(text));
	return walk;
}

/* Members and elements, each on a line, as they are met. */
static int
list(struct json_walk *walk, struct buf *out, struct error *err)
{
	struct slice key, value;
	int more;

	if (json_walk_is_at(walk, '{')) {
		if (json_walk_enter(walk, '{', err) == -1)
			return -1;
		while ((more = json_walk_member(walk, &key, err)) == 1) {
			if (json_walk_value(walk, &value, err) == -1)
				return -1;
			buf_addf(out, "%.*s=%.*s\n", SLICE_ARG(key),
			    SLICE_ARG(value));
		}
		return more;
	}
	if (json_walk_enter(walk, '[', err) == -1)
		return -1;
	while ((more = json_walk_element(walk, err)) == 1) {
		if (json_walk_value(walk, &value, err) == -1)
			return -1;
		buf_addf(out, "%.*s\n", SLICE_ARG(value));
	}
	return more;
}

static void
values_are_taken_as_they_stand(void **state)
{
	static const struct {
		const char *text, *values;
	} cases[] = {
		{ "{}", "" },
		{ " [ ] ", "" },
		{ "{\"a\":1,\"b\":\"x\"}", "a=1\nb=\"x\"\n" },
		{ " { \"a\" : [1, {\"b\":2}] ,\"c\":null } ",
		    "a=[1, {\"b\":2}]\nc=null\n" },
		{ "[\"]\",\"\\\"}\",{\"{\":\"[\"}]",
		    "\"]\"\n\"\\\"}\"\n{\"{\":\"[\"}\n" },
		{ "[true,-1.5e3,[[]]]", "true\n-1.5e3\n[[]]\n" },
		{ "{\"a\\\"b\":1}", "a\\\"b=1\n" },
		{ "[\"\\\\\"]", "\"\\\\\"\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct json_walk walk = walk_of(cases[i].text);
		cleanup(buf_free) struct buf found = BUF_INIT;
		struct error err = { 0 };

		if (list(&walk, &found, &err) == -1)
			fail_msg("%s: %s", cases[i].text, err.sentence);
		assert_int_equal(json_walk_end(&walk, &err), 0);
		assert_string_equal(found.data, cases[i].values);
	}
}

static void
what_is_no_json_is_an_error_that_names_the_byte(void **state)
{
	static const struct {
		const char *text;
		enum error_code code;
		const char *sentence;
	} cases[] = {
		{ "", ERROR_BAD_JSON, "byte 1: an array should stand here" },
		{ "1", ERROR_WRONG_TYPE, "byte 1: an array should stand here" },
		{ "{", ERROR_BAD_JSON, "byte 2: a key should stand here" },
		{ "{\"a\"}", ERROR_BAD_JSON,
		    "byte 5: a colon should stand here" },
		{ "{\"a\":}", ERROR_BAD_JSON,
		    "byte 6: a value should stand here" },
		{ "{\"a\":1 \"b\":2}", ERROR_BAD_JSON,
		    "byte 8: a comma or the end should stand here" },
		{ "[1,]", ERROR_BAD_JSON, "byte 4: a value should stand here" },
		{ "[,1]", ERROR_BAD_JSON, "byte 2: a value should stand here" },
		{ "[[1}]", ERROR_BAD_JSON,
		    "byte 4: another bracket should stand here" },
		{ "[[1,2", ERROR_BAD_JSON,
		    "byte 6: the text ends within a value" },
		{ "[\"a", ERROR_BAD_JSON,
		    "byte 4: the text ends within a string" },
		{ "[\"a\\", ERROR_BAD_JSON,
		    "byte 5: the text ends within a string" },
		{ "[] x", ERROR_BAD_JSON,
		    "byte 4: something follows the value" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct json_walk walk = walk_of(cases[i].text);
		cleanup(buf_free) struct buf found = BUF_INIT;
		struct error err = { 0 };

		if (list(&walk, &found, &err) == 0)
			assert_int_equal(json_walk_end(&walk, &err), -1);
		assert_int_equal(err.code, cases[i].code);
		assert_string_equal(err.sentence, cases[i].sentence);
	}
}

static void
what_is_entered_is_left_at_its_end(void **state)
{
	struct json_walk walk = walk_of("{\"a\":[[1],[2,3]],\"b\":4}");
	struct slice key, value;
	struct error err = { 0 };

	(void)state;
	assert_int_equal(json_walk_enter(&walk, '{', &err), 0);
	assert_int_equal(json_walk_member(&walk, &key, &err), 1);
	assert_int_equal(json_walk_enter(&walk, '[', &err), 0);
	assert_int_equal(json_walk_element(&walk, &err), 1);
	assert_int_equal(json_walk_enter(&walk, '[', &err), 0);
	assert_int_equal(json_walk_element(&walk, &err), 1);
	assert_int_equal(json_walk_value(&walk, &value, &err), 0);
	assert_int_equal(json_walk_element(&walk, &err), 0);
	assert_int_equal(json_walk_element(&walk, &err), 1);
	assert_int_equal(json_walk_value(&walk, &value, &err), 0);
	assert_true(slice_is(value, "[2,3]"));
	assert_int_equal(json_walk_element(&walk, &err), 0);
	assert_int_equal(json_walk_member(&walk, &key, &err), 1);
	assert_true(slice_is(key, "b"));
	assert_int_equal(json_walk_value(&walk, &value, &err), 0);
	assert_int_equal(json_walk_member(&walk, &key, &err), 0);
	assert_int_equal(json_walk_end(&walk, &err), 0);
}

/* Whatever is nested deeper than may be, entered or passed over. */
static void
depth_has_a_bound(void **state)
{
	cleanup(buf_free) struct buf text = BUF_INIT;
	struct json_walk walk;
	struct slice value;
	struct error err = { 0 };

	(void)state;
	buf_add_chars(&text, '[', JSON_WALK_DEPTH);
	buf_add_chars(&text, ']', JSON_WALK_DEPTH);
	json_walk_init(&walk, buf_slice(&text));
	assert_int_equal(json_walk_value(&walk, &value, &err), 0);
	assert_int_equal(value.len, text.len);

	buf_reset(&text);
	buf_add_chars(&text, '[', JSON_WALK_DEPTH + 1);
	json_walk_init(&walk, buf_slice(&text));
	assert_int_equal(json_walk_value(&walk, &value, &err), -1);
	assert_int_equal(err.code, ERROR_TOO_DEEP);
	json_walk_init(&walk, buf_slice(&text));
	for (int i = 0; i < JSON_WALK_DEPTH; i++)
		assert_int_equal(json_walk_enter(&walk, '[', &err), 0);
	assert_int_equal(json_walk_enter(&walk, '[', &err), -1);
	assert_int_equal(err.code, ERROR_TOO_DEEP);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_taken_as_they_stand),
		cmocka_unit_test(
		    what_is_no_json_is_an_error_that_names_the_byte),
		cmocka_unit_test(what_is_entered_is_left_at_its_end),
		cmocka_unit_test(depth_has_a_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
