#include "lib/base/clock.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
times_are_written_in_utc_with_six_digits(void **state)
{
	static const struct {
		usec_t time;
		const char *text;
	} cases[] = {
		{ 0, "1970-01-01T00:00:00.000000Z" },
		{ 1, "1970-01-01T00:00:00.000001Z" },
		{ 951782400000000, "2000-02-29T00:00:00.000000Z" },
		{ 951868799999999, "2000-02-29T23:59:59.999999Z" },
		{ 1795464908123456, "2026-11-23T20:15:08.123456Z" },
		{ 2147483648000000, "2038-01-19T03:14:08.000000Z" },
		{ 4107542400000000, "2100-03-01T00:00:00.000000Z" },
		{ CLOCK_MAX, "9999-12-31T23:59:59.999999Z" },
		{ CLOCK_MAX + 1, "9999-12-31T23:59:59.999999Z" },
		{ UINT64_MAX, "9999-12-31T23:59:59.999999Z" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[CLOCK_TEXT_SIZE], date[CLOCK_DATE_SIZE];

		clock_format(cases[i].time, text);
		assert_string_equal(text, cases[i].text);
		clock_format_date(cases[i].time, date);
		assert_memory_equal(date, cases[i].text, CLOCK_DATE_SIZE - 1);
		assert_int_equal(date[CLOCK_DATE_SIZE - 1], '\0');
	}
}

static void
every_day_from_1970_to_9999_follows_the_one_before(void **state)
{
	unsigned year = 1970, month = 1, day = 1;

	(void)state;
	for (unsigned days = 0; year < 10000; days++) {
		struct date date = date_of_day(days);

		assert_int_equal(date.year, year);
		assert_int_equal(date.month, month);
		assert_int_equal(date.day, day);
		assert_int_equal(day_of_date(date), days);
		if (++day <= days_in_month(year, month))
			continue;
		day = 1;
		if (++month <= 12)
			continue;
		month = 1;
		year++;
	}
}

static void
times_are_read(void **state)
{
	static const struct {
		const char *text;
		const char *same; /* or NULL: refused with `code` */
		enum error_code code;
	} cases[] = {
		{ "2026-11-23T20:15:08Z", "2026-11-23T20:15:08.000000Z", 0 },
		{ "2026-11-23t20:15:08z", "2026-11-23T20:15:08.000000Z", 0 },
		{ "2026-11-23 20:15:08Z", "2026-11-23T20:15:08.000000Z", 0 },
		{ "2026-11-23T20:15:08.5Z", "2026-11-23T20:15:08.500000Z", 0 },
		{ "2026-11-23T20:15:08.123456789Z",
		    "2026-11-23T20:15:08.123456Z", 0 },
		{ "2026-11-23T20:15:08.000000999Z",
		    "2026-11-23T20:15:08.000000Z", 0 },
		{ "2026-11-24T01:45:08+05:30", "2026-11-23T20:15:08.000000Z",
		    0 },
		{ "2026-11-23T12:15:08-08:00", "2026-11-23T20:15:08.000000Z",
		    0 },
		{ "2026-11-23T20:15:08-00:00", "2026-11-23T20:15:08.000000Z",
		    0 },
		{ "2026-12-31T23:59:59-23:59", "2027-01-01T23:58:59.000000Z",
		    0 },
		{ "1969-12-31T23:30:00-01:00", "1970-01-01T00:30:00.000000Z",
		    0 },
		{ "2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000000Z", 0 },
		{ "2016-12-31T15:59:60.25-08:00", "2017-01-01T00:00:00.250000Z",
		    0 },
		{ "2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000000Z", 0 },
		{ "9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z",
		    0 },
		{ "2016-12-31T23:58:60Z", NULL, ERROR_OUT_OF_RANGE },
		{ "2016-12-31T23:59:61Z", NULL, ERROR_OUT_OF_RANGE },
		{ "2023-02-29T00:00:00Z", NULL, ERROR_OUT_OF_RANGE },
		{ "2100-02-29T00:00:00Z", NULL, ERROR_OUT_OF_RANGE },
		{ "2026-00-10T00:00:00Z", NULL, ERROR_OUT_OF_RANGE },
		{ "2026-13-10T00:00:00Z", NULL, ERROR_OUT_OF_RANGE },
		{ "2026-04-31T00:00:00Z", NULL, ERROR_OUT_OF_RANGE },
		{ "2026-04-00T00:00:00Z", NULL, ERROR_OUT_OF_RANGE },
		{ "2026-04-01T24:00:00Z", NULL, ERROR_OUT_OF_RANGE },
		{ "2026-04-01T23:60:00Z", NULL, ERROR_OUT_OF_RANGE },
		{ "2026-04-01T23:00:00+24:00", NULL, ERROR_OUT_OF_RANGE },
		{ "2026-04-01T23:00:00+00:60", NULL, ERROR_OUT_OF_RANGE },
		{ "1969-12-31T23:59:59Z", NULL, ERROR_OUT_OF_RANGE },
		{ "1970-01-01T00:00:00+00:01", NULL, ERROR_OUT_OF_RANGE },
		{ "0000-01-01T00:00:00Z", NULL, ERROR_OUT_OF_RANGE },
		{ "9999-12-31T23:59:60Z", NULL, ERROR_OUT_OF_RANGE },
		{ "9999-12-31T23:59:59-00:01", NULL, ERROR_OUT_OF_RANGE },
		{ "", NULL, ERROR_INVALID },
		{ "now", NULL, ERROR_INVALID },
		{ "2026-11-23", NULL, ERROR_INVALID },
		{ "2026-11-23T20:15:08", NULL, ERROR_INVALID },
		{ "2026-11-23T20:15Z", NULL, ERROR_INVALID },
		{ "2026-11-23T20:15:08.Z", NULL, ERROR_INVALID },
		{ "2026-11-23T20:15:08.1234567890Z", NULL, ERROR_INVALID },
		{ "2026-11-23T20:15:08,5Z", NULL, ERROR_INVALID },
		{ "2026-11-23T20:15:08Z ", NULL, ERROR_INVALID },
		{ " 2026-11-23T20:15:08Z", NULL, ERROR_INVALID },
		{ "2026-11-23T20:15:08+0100", NULL, ERROR_INVALID },
		{ "2026-11-23T20:15:08+01", NULL, ERROR_INVALID },
		{ "2026-1-23T20:15:08Z", NULL, ERROR_INVALID },
		{ "+026-11-23T20:15:08Z", NULL, ERROR_INVALID },
		{ "2026-11-23_20:15:08Z", NULL, ERROR_INVALID },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct error err = { 0 };
		char text[CLOCK_TEXT_SIZE];
		usec_t time = 4711;
		int result = clock_parse(slice_of(cases[i].text), &time, &err);

		if (cases[i].same != NULL) {
			assert_int_equal(result, 0);
			clock_format(time, text);
			assert_string_equal(text, cases[i].same);
			continue;
		}
		assert_int_equal(result, -1);
		assert_int_equal(time, 4711);
		assert_int_equal(err.code, cases[i].code);
		assert_int_equal(err.sentence[0], '"');
	}
}

static void
a_nul_is_no_separator(void **state)
{
	struct error err = { 0 };
	usec_t time;

	(void)state;
	assert_int_equal(clock_parse(SLICE_LITERAL("2026-11-23\0"
						   "20:15:08Z"),
			     &time, &err),
	    -1);
	assert_int_equal(err.code, ERROR_INVALID);
}

/* Each byte changed to each other: the reader of one form takes what the
 * reader of all takes, if it is of that form. */
static void
the_form_that_is_written_is_read_back(void **state)
{
	static const char *const texts[] = { "2026-11-23T20:15:08.123456Z",
		"1970-01-01T00:00:00.000000Z", "2024-02-29T23:59:59.999999Z",
		"2016-12-31T23:59:60.000000Z", "9999-12-31T23:59:59.999999Z" };

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		for (size_t at = 0; at < CLOCK_TEXT_SIZE - 1; at++)
			for (unsigned byte = 0; byte < 256; byte++) {
				char text[CLOCK_TEXT_SIZE];
				struct slice bytes = { text,
					CLOCK_TEXT_SIZE - 1 };
				struct error err;
				usec_t expected = 4711, found = 4711;

				memcpy(text, texts[i], sizeof(text));
				text[at] = (char)byte;
				if (text[10] == 'T' && text[19] == '.' &&
				    text[26] == 'Z' && text[17] != '6')
					clock_parse(bytes, &expected, &err);
				assert_int_equal(
				    clock_parse_formatted(bytes, &found),
				    expected == 4711 ? -1 : 0);
				assert_int_equal(found, expected);
			}
	assert_int_equal(
	    clock_parse_formatted(
		SLICE_LITERAL("2026-11-23T20:15:08Z"), &(usec_t){ 0 }),
	    -1);
}

static void
dates_are_the_beginning_of_their_day(void **state)
{
	struct error err = { 0 };
	usec_t time = 4711;

	(void)state;
	assert_int_equal(
	    clock_parse_date(slice_of("2026-11-23"), &time, &err), 0);
	assert_int_equal(time, 1795392000000000);
	assert_int_equal(
	    clock_parse_date(slice_of("1970-01-01"), &time, &err), 0);
	assert_int_equal(time, 0);
	assert_int_equal(
	    clock_parse_date(slice_of("1969-12-31"), &time, &err), -1);
	assert_int_equal(err.code, ERROR_OUT_OF_RANGE);
	assert_int_equal(
	    clock_parse_date(slice_of("2026-02-29"), &time, &err), -1);
	assert_int_equal(err.code, ERROR_OUT_OF_RANGE);
	assert_int_equal(
	    clock_parse_date(slice_of("2026-11-23T"), &time, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
}

static void
durations_have_a_number_and_a_unit(void **state)
{
	static const struct {
		const char *text;
		usec_t duration;
		enum error_code code;
	} cases[] = {
		{ "500ms", 500 * USEC_PER_MSEC, 0 },
		{ "15s", 15 * USEC_PER_SEC, 0 },
		{ "5m", 5 * USEC_PER_MIN, 0 },
		{ "24h", USEC_PER_DAY, 0 },
		{ "7d", 7 * USEC_PER_DAY, 0 },
		{ "2w", 14 * USEC_PER_DAY, 0 },
		{ "0s", 0, 0 },
		{ "253402300799999ms", 253402300799999 * USEC_PER_MSEC, 0 },
		{ "253402300800000ms", 0, ERROR_OUT_OF_RANGE },
		{ "99999999999999999999w", 0, ERROR_OUT_OF_RANGE },
		{ "", 0, ERROR_INVALID },
		{ "5", 0, ERROR_INVALID },
		{ "s", 0, ERROR_INVALID },
		{ "5 s", 0, ERROR_INVALID },
		{ "5S", 0, ERROR_INVALID },
		{ "5us", 0, ERROR_INVALID },
		{ "-5s", 0, ERROR_INVALID },
		{ "1.5s", 0, ERROR_INVALID },
		{ "1h30m", 0, ERROR_INVALID },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct error err = { 0 };
		usec_t duration = 4711;
		int result = clock_parse_duration(
		    slice_of(cases[i].text), &duration, &err);

		assert_int_equal(err.code, cases[i].code);
		assert_int_equal(result, cases[i].code == 0 ? 0 : -1);
		assert_int_equal(
		    duration, cases[i].code == 0 ? cases[i].duration : 4711);
	}
}

static void
the_system_s_clocks_go_forward(void **state)
{
	usec_t realtime = clock_realtime(&clock_system);
	usec_t monotonic = clock_monotonic(&clock_system);
	usec_t boottime = clock_boottime(&clock_system);

	(void)state;
	assert_true(realtime > 1700000000 * USEC_PER_SEC);
	assert_true(realtime < CLOCK_MAX);
	assert_true(clock_monotonic(&clock_system) >= monotonic);
	assert_true(clock_boottime(&clock_system) >= boottime);
}

static void
a_duration_is_written_in_its_largest_whole_unit(void **state)
{
	static const struct {
		usec_t duration;
		const char *text;
	} cases[] = {
		{ 0, "0ms" },
		{ 999, "0ms" },
		{ 1500 * USEC_PER_MSEC, "1500ms" },
		{ 30 * USEC_PER_SEC, "30s" },
		{ 90 * USEC_PER_MIN, "90m" },
		{ 36 * USEC_PER_HOUR, "36h" },
		{ 14 * USEC_PER_DAY, "14d" },
		{ UINT64_MAX, "18446744073709551ms" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[CLOCK_DURATION_SIZE];

		clock_format_duration(cases[i].duration, text);
		assert_string_equal(text, cases[i].text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_are_written_in_utc_with_six_digits),
		cmocka_unit_test(
		    every_day_from_1970_to_9999_follows_the_one_before),
		cmocka_unit_test(times_are_read),
		cmocka_unit_test(a_nul_is_no_separator),
		cmocka_unit_test(the_form_that_is_written_is_read_back),
		cmocka_unit_test(dates_are_the_beginning_of_their_day),
		cmocka_unit_test(durations_have_a_number_and_a_unit),
		cmocka_unit_test(
		    a_duration_is_written_in_its_largest_whole_unit),
		cmocka_unit_test(the_system_s_clocks_go_forward),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
