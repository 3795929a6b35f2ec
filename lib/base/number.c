#include "base/number.h"

#include "base/buf.h"
#include "base/cleanup.h"

#include <errno.h>
#include <locale.h>
#include <math.h>

static int
fail(int errnum)
{
	errno = errnum;
	return -1;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* How many of the bytes at `at` are digits. */
static size_t
count_digits(struct slice text, size_t at)
{
	size_t end = at;

	while (end < text.len && is_digit(text.data[end]))
		end++;
	return end - at;
}

int
number_parse_u64(struct slice text, uint64_t min, uint64_t max, uint64_t *ret)
{
	uint64_t value = 0;
	bool overflow = false;

	if (text.len == 0)
		return fail(EINVAL);
	for (size_t i = 0; i < text.len; i++) {
		uint64_t digit = (uint64_t)(text.data[i] - '0');

		if (digit > 9)
			return fail(EINVAL);
		overflow |= __builtin_mul_overflow(value, 10, &value);
		overflow |= __builtin_add_overflow(value, digit, &value);
	}
	if (overflow || value < min || value > max)
		return fail(ERANGE);
	*ret = value;
	return 0;
}

int
number_parse_i64(struct slice text, int64_t min, int64_t max, int64_t *ret)
{
	bool negative = text.len > 0 && text.data[0] == '-';
	uint64_t limit = (uint64_t)INT64_MAX + negative;
	uint64_t magnitude;
	int64_t value;

	if (negative)
		text = (struct slice){ text.data + 1, text.len - 1 };
	if (number_parse_u64(text, 0, limit, &magnitude) == -1)
		return -1;
	/* By way of unsigned: -INT64_MIN has no room in an int64_t. */
	value = (int64_t)(negative ? 0 - magnitude : magnitude);
	if (value < min || value > max)
		return fail(ERANGE);
	*ret = value;
	return 0;
}

/* RFC 8259 §6: [ "-" ] int [ frac ] [ exp ] */
static bool
is_json_number(struct slice text)
{
	size_t at = text.len > 0 && text.data[0] == '-';
	size_t digits = count_digits(text, at);

	if (digits == 0 || (digits > 1 && text.data[at] == '0'))
		return false;
	at += digits;
	if (at < text.len && text.data[at] == '.') {
		digits = count_digits(text, at + 1);
		if (digits == 0)
			return false;
		at += 1 + digits;
	}
	if (at < text.len && (text.data[at] | 0x20) == 'e') {
		at++;
		if (at < text.len &&
		    (text.data[at] == '+' || text.data[at] == '-'))
			at++;
		digits = count_digits(text, at);
		if (digits == 0)
			return false;
		at += digits;
	}
	return at == text.len;
}

/* A short number without an exponent: its digits and a power of ten are both
 * doubles to the last bit, so one division rounds as strtod() does (W. D.
 * Clinger, "How to Read Floating Point Numbers Accurately", 1990). */
static bool
read_short_decimal(struct slice text, double *ret)
{
	static const double powers[] = { 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7,
		1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15 };
	bool negative = text.data[0] == '-';
	size_t fraction = 0;
	bool is_fraction = false;
	int64_t digits = 0;

	if (text.len > 15)
		return false;
	for (size_t i = negative; i < text.len; i++) {
		if (is_digit(text.data[i])) {
			digits = 10 * digits + (text.data[i] - '0');
			fraction += is_fraction;
		} else if (text.data[i] == '.') {
			is_fraction = true;
		} else {
			return false;
		}
	}
	*ret = (double)digits / powers[fraction];
	if (negative)
		*ret = -*ret;
	return true;
}

/* Any number, by the C library. */
static double
read_decimal(struct slice text)
{
	cleanup(buf_free) struct buf copy = BUF_INIT;

	buf_add_slice(&copy, text);
	/* glibc answers "C" with a constant: nothing to free, no failure. */
	return strtod_l(copy.data, NULL, newlocale(LC_ALL_MASK, "C", NULL));
}

int
number_parse_double(struct slice text, double min, double max, double *ret)
{
	double value;

	if (!is_json_number(text))
		return fail(EINVAL);
	if (!read_short_decimal(text, &value))
		value = read_decimal(text);
	if (!isfinite(value) || value < min || value > max)
		return fail(ERANGE);
	*ret = value;
	return 0;
}
