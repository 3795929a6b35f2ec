#include "lib/base/error.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
set_fills_code_and_sentence_and_returns_minus_one(void **state)
{
	struct error err = { .errnum = 5, .field = "old" };

	(void)state;
	assert_int_equal(error_set(&err, ERROR_BUSY, "store: %d", 7), -1);
	assert_int_equal(err.code, ERROR_BUSY);
	assert_int_equal(err.errnum, 0);
	assert_string_equal(err.field, "");
	assert_string_equal(err.sentence, "store: 7");
}

static void
set_field_names_the_field(void **state)
{
	struct error err = { 0 };

	(void)state;
	assert_int_equal(error_set_field(&err, ERROR_OUT_OF_RANGE, "limit",
			     "%s: not in 1 to 200", "limit"),
	    -1);
	assert_int_equal(err.code, ERROR_OUT_OF_RANGE);
	assert_string_equal(err.field, "limit");
	assert_string_equal(err.sentence, "limit: not in 1 to 200");
}

static void
set_errno_adds_the_system_s_words(void **state)
{
	struct error err = { 0 };

	(void)state;
	errno = ENOSPC;
	assert_int_equal(error_set_errno(&err, "%s: fdatasync", "a.jsonl"), -1);
	assert_int_equal(err.code, ERROR_SYSTEM);
	assert_int_equal(err.errnum, ENOSPC);
	assert_string_equal(
	    err.sentence, "a.jsonl: fdatasync: No space left on device");
}

static void
prefix_puts_the_name_in_front_and_keeps_the_rest(void **state)
{
	struct error err = { 0 };

	(void)state;
	error_set_field(&err, ERROR_INVALID, "key", "inner");
	assert_int_equal(error_prefix(&err, "kruxos.conf:%d", 12), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	assert_string_equal(err.field, "key");
	assert_string_equal(err.sentence, "kruxos.conf:12: inner");
}

static void
an_argument_may_be_the_old_sentence(void **state)
{
	struct error err = { 0 };

	(void)state;
	error_set(&err, ERROR_INVALID, "old");
	error_set(&err, ERROR_INVALID, "%s, and new", err.sentence);
	assert_string_equal(err.sentence, "old, and new");
	error_prefix(&err, "%s", err.sentence);
	assert_string_equal(err.sentence, "old, and new: old, and new");
}

static void
a_sentence_is_cut_behind_a_whole_character(void **state)
{
	enum { ROOM = ERROR_SENTENCE_SIZE - 1 };
	char text[2 * ERROR_SENTENCE_SIZE];

	(void)state;
	/* "é" after 0 or 1 letters: both ways a character may straddle. */
	for (size_t shift = 0; shift < 4; shift++) {
		struct error err = { 0 };

		memset(text, 'a', shift);
		for (size_t i = shift; i < sizeof(text) - 2; i += 2)
			memcpy(text + i, "é", sizeof("é"));
		error_set(&err, ERROR_INVALID, "%s", text);
		size_t len = strlen(err.sentence);
		assert_in_range(len, ROOM - 3, ROOM);
		assert_string_equal(err.sentence + len - 3, "…");
		assert_int_equal(text_valid_bytes(slice_of(err.sentence)), len);
	}
}

static void
a_sentence_that_just_fits_is_not_cut(void **state)
{
	char text[ERROR_SENTENCE_SIZE];
	struct error err = { 0 };

	(void)state;
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	error_set(&err, ERROR_INVALID, "%s", text);
	assert_string_equal(err.sentence, text);
}

static void
a_field_is_cut_behind_a_whole_character(void **state)
{
	struct error err = { 0 };
	char field[2 * ERROR_FIELD_SIZE] = "x";

	(void)state;
	for (size_t i = 1; i < sizeof(field) - 3; i += 3)
		memcpy(field + i, "€", sizeof("€"));
	error_set_field(&err, ERROR_INVALID, field, "wrong");
	size_t len = strlen(err.field);
	assert_string_equal(err.field + len - 3, "…");
	assert_int_equal(text_valid_bytes(slice_of(err.field)), len);
}

static void
every_code_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (int a = ERROR_NONE; a < ERROR_CODES; a++) {
		const char *name = error_code_name((enum error_code)a);

		assert_string_not_equal(name, "unknown");
		for (int b = ERROR_NONE; b < a; b++)
			assert_string_not_equal(
			    name, error_code_name((enum error_code)b));
	}
	assert_string_equal(error_code_name(ERROR_BAD_JSON), "bad_json");
	assert_string_equal(error_code_name((enum error_code)4711), "unknown");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    set_fills_code_and_sentence_and_returns_minus_one),
		cmocka_unit_test(set_field_names_the_field),
		cmocka_unit_test(set_errno_adds_the_system_s_words),
		cmocka_unit_test(
		    prefix_puts_the_name_in_front_and_keeps_the_rest),
		cmocka_unit_test(an_argument_may_be_the_old_sentence),
		cmocka_unit_test(a_sentence_is_cut_behind_a_whole_character),
		cmocka_unit_test(a_sentence_that_just_fits_is_not_cut),
		cmocka_unit_test(a_field_is_cut_behind_a_whole_character),
		cmocka_unit_test(every_code_has_a_name_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
