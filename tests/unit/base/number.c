#include "lib/base/number.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/chance.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
unsigned_numbers(void **state)
{
	static const struct {
		const char *text;
		uint64_t min, max, value;
		int errnum;
	} cases[] = {
		{ "0", 0, UINT64_MAX, 0, 0 },
		{ "007", 0, 10, 7, 0 },
		{ "18446744073709551615", 0, UINT64_MAX, UINT64_MAX, 0 },
		{ "18446744073709551616", 0, UINT64_MAX, 0, ERANGE },
		{ "99999999999999999999999999", 0, UINT64_MAX, 0, ERANGE },
		{ "5", 6, 10, 0, ERANGE },
		{ "11", 6, 10, 0, ERANGE },
		{ "6", 6, 10, 6, 0 },
		{ "10", 6, 10, 10, 0 },
		{ "", 0, 10, 0, EINVAL },
		{ "-1", 0, 10, 0, EINVAL },
		{ "+1", 0, 10, 0, EINVAL },
		{ " 1", 0, 10, 0, EINVAL },
		{ "1 ", 0, 10, 0, EINVAL },
		{ "1e1", 0, 10, 0, EINVAL },
		{ "0x1", 0, 10, 0, EINVAL },
		{ "99999999999999999999999999x", 0, 10, 0, EINVAL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint64_t value = 4711;
		int result;

		errno = 0;
		result = number_parse_u64(slice_of(cases[i].text), cases[i].min,
		    cases[i].max, &value);
		assert_int_equal(result, cases[i].errnum == 0 ? 0 : -1);
		assert_int_equal(errno, cases[i].errnum);
		assert_int_equal(
		    value, cases[i].errnum == 0 ? cases[i].value : 4711);
	}
}

static void
signed_numbers(void **state)
{
	static const struct {
		const char *text;
		int64_t min, max, value;
		int errnum;
	} cases[] = {
		{ "-0", -1, 1, 0, 0 },
		{ "-5", -5, 5, -5, 0 },
		{ "5", -5, 5, 5, 0 },
		{ "-6", -5, 5, 0, ERANGE },
		{ "9223372036854775807", INT64_MIN, INT64_MAX, INT64_MAX, 0 },
		{ "9223372036854775808", INT64_MIN, INT64_MAX, 0, ERANGE },
		{ "-9223372036854775808", INT64_MIN, INT64_MAX, INT64_MIN, 0 },
		{ "-9223372036854775809", INT64_MIN, INT64_MAX, 0, ERANGE },
		{ "-", -5, 5, 0, EINVAL },
		{ "--1", -5, 5, 0, EINVAL },
		{ "+1", -5, 5, 0, EINVAL },
		{ "", -5, 5, 0, EINVAL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t value = 4711;
		int result;

		errno = 0;
		result = number_parse_i64(slice_of(cases[i].text), cases[i].min,
		    cases[i].max, &value);
		assert_int_equal(result, cases[i].errnum == 0 ? 0 : -1);
		assert_int_equal(errno, cases[i].errnum);
		assert_int_equal(
		    value, cases[i].errnum == 0 ? cases[i].value : 4711);
	}
}

static void
fractions(void **state)
{
	static const struct {
		const char *text;
		double value;
		int errnum;
	} cases[] = {
		{ "12.5", 12.5, 0 },
		{ "3e2", 300, 0 },
		{ "3E+2", 300, 0 },
		{ "-25e-1", -2.5, 0 },
		{ "-0", 0, 0 },
		{ "0.1", 0.1, 0 },
		{ "1e-400", 0, 0 },
		{ "1e400", 0, ERANGE },
		{ "-1e400", 0, ERANGE },
		{ "1000.5", 0, ERANGE },
		{ "", 0, EINVAL },
		{ "-", 0, EINVAL },
		{ "01", 0, EINVAL },
		{ ".5", 0, EINVAL },
		{ "5.", 0, EINVAL },
		{ "5e", 0, EINVAL },
		{ "5e+", 0, EINVAL },
		{ "+5", 0, EINVAL },
		{ "5,0", 0, EINVAL },
		{ "0x5", 0, EINVAL },
		{ "nan", 0, EINVAL },
		{ "inf", 0, EINVAL },
		{ "1 ", 0, EINVAL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		double value = 4711;
		int result;

		errno = 0;
		result = number_parse_double(
		    slice_of(cases[i].text), -1000, 1000, &value);
		assert_int_equal(result, cases[i].errnum == 0 ? 0 : -1);
		if (result == -1)
			assert_int_equal(errno, cases[i].errnum);
		assert_true(
		    value == (cases[i].errnum == 0 ? cases[i].value : 4711));
	}
}

/* Short ones are read by another way than long ones. */
static void
short_fractions_are_those_of_strtod(void **state)
{
	uint64_t chance = 1;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		char text[40];
		double found, expected;
		size_t whole = chance_below(&chance, 100000000) >>
			       chance_below(&chance, 27);
		size_t fraction = chance_below(&chance, 1000000000);
		int digits = 1 + (int)chance_below(&chance, 9);

		snprintf(text, sizeof(text), "%s%zu.%0*zu",
		    chance_one_in(&chance, 3) ? "-" : "", whole, digits,
		    fraction);
		assert_int_equal(
		    number_parse_double(slice_of(text), -1e15, 1e15, &found),
		    0);
		expected = strtod(text, NULL);
		assert_memory_equal(&found, &expected, sizeof(found));
	}
}

static void
the_text_needs_no_nul_behind_it(void **state)
{
	uint64_t whole;
	double fraction;

	(void)state;
	assert_int_equal(
	    number_parse_u64((struct slice){ "1234", 2 }, 0, 99, &whole), 0);
	assert_int_equal(whole, 12);
	assert_int_equal(
	    number_parse_double((struct slice){ "1.25", 3 }, 0, 9, &fraction),
	    0);
	assert_true(fraction == 1.2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unsigned_numbers),
		cmocka_unit_test(signed_numbers),
		cmocka_unit_test(fractions),
		cmocka_unit_test(short_fractions_are_those_of_strtod),
		cmocka_unit_test(the_text_needs_no_nul_behind_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
