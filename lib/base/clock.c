#include "base/clock.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/number.h"
#include "base/text.h"

/* The calendar in whole days, counted from 0000-03-01: a year that begins in
 * March has its leap day at its end, where it moves nothing. */
enum {
	DAYS_BEFORE_1970 = 719468, /* from 0000-03-01 to 1970-01-01 */
	DAYS_PER_YEAR = 365,
	DAYS_PER_4_YEARS = 1461,
	DAYS_PER_100_YEARS = 36524,
	DAYS_PER_400_YEARS = 146097,
};

struct date {
	unsigned year;
	unsigned month; /* 1–12 */
	unsigned day;	/* 1–31 */
};

static usec_t
read_clock(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (usec_t)now.tv_sec * USEC_PER_SEC + (usec_t)now.tv_nsec / 1000;
}

static usec_t
system_realtime(struct clock *clock)
{
	(void)clock;
	return read_clock(CLOCK_REALTIME);
}

static usec_t
system_monotonic(struct clock *clock)
{
	(void)clock;
	return read_clock(CLOCK_MONOTONIC);
}

static usec_t
system_boottime(struct clock *clock)
{
	(void)clock;
	return read_clock(CLOCK_BOOTTIME);
}

struct clock clock_system = {
	.realtime = system_realtime,
	.monotonic = system_monotonic,
	.boottime = system_boottime,
};

/* From March on, months have 31 30 31 30 31 days, over and over: five of them
 * are 153 days, and the first m of a year (153 m + 2) / 5. */
static unsigned
days_before_month(unsigned months_since_march)
{
	return (153 * months_since_march + 2) / 5;
}

static struct date
date_of_day(unsigned days_since_1970)
{
	unsigned days = days_since_1970 + DAYS_BEFORE_1970;
	unsigned year = days / DAYS_PER_400_YEARS * 400;
	unsigned centuries, years, month;

	days %= DAYS_PER_400_YEARS;
	/* The last century of 400 years, and the last year of four, is a day
	 * longer: that day is not yet a fifth one. */
	centuries = days / DAYS_PER_100_YEARS;
	centuries -= centuries / 4;
	days -= centuries * DAYS_PER_100_YEARS;
	year += centuries * 100 + days / DAYS_PER_4_YEARS * 4;
	days %= DAYS_PER_4_YEARS;
	years = days / DAYS_PER_YEAR;
	years -= years / 4;
	days -= years * DAYS_PER_YEAR;
	year += years;
	month = (5 * days + 2) / 153;
	return (struct date){
		.year = month < 10 ? year : year + 1,
		.month = month < 10 ? month + 3 : month - 9,
		.day = days - days_before_month(month) + 1,
	};
}

static int64_t
day_of_date(struct date date)
{
	/* -1 for the first months of year 0: its day is before 1970 too. */
	int year = (int)date.year - (date.month > 2 ? 0 : 1);
	unsigned month = date.month > 2 ? date.month - 3 : date.month + 9;

	return (int64_t)year * DAYS_PER_YEAR + year / 4 - year / 100 +
	       year / 400 + (int)days_before_month(month) + (int)date.day - 1 -
	       DAYS_BEFORE_1970;
}

static unsigned
days_in_month(unsigned year, unsigned month)
{
	static const unsigned char days[] = { 31, 28, 31, 30, 31, 30, 31, 31,
		30, 31, 30, 31 };
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return month == 2 && leap ? 29 : days[month - 1];
}

/* `value` in `digits` decimal digits, which it does not exceed; returns what
 * comes behind them. */
static char *
put(char *text, unsigned value, int digits)
{
	for (int i = digits - 1; i >= 0; i--) {
		text[i] = (char)('0' + value % 10);
		value /= 10;
	}
	return text + digits;
}

static char *
put_date(char *text, usec_t time)
{
	struct date date = date_of_day((unsigned)(time / USEC_PER_DAY));

	text = put(text, date.year, 4);
	*text++ = '-';
	text = put(text, date.month, 2);
	*text++ = '-';
	return put(text, date.day, 2);
}

static usec_t
at_most_max(usec_t time)
{
	return time < CLOCK_MAX ? time : CLOCK_MAX;
}

void
clock_format(usec_t time, char ret_text[static CLOCK_TEXT_SIZE])
{
	usec_t clamped = at_most_max(time);
	unsigned second = (unsigned)(clamped % USEC_PER_DAY / USEC_PER_SEC);
	char *text = put_date(ret_text, clamped);

	*text++ = 'T';
	text = put(text, second / 3600, 2);
	*text++ = ':';
	text = put(text, second / 60 % 60, 2);
	*text++ = ':';
	text = put(text, second % 60, 2);
	*text++ = '.';
	text = put(text, (unsigned)(clamped % USEC_PER_SEC), 6);
	*text++ = 'Z';
	*text = '\0';
}

void
clock_format_date(usec_t time, char ret_text[static CLOCK_DATE_SIZE])
{
	*put_date(ret_text, at_most_max(time)) = '\0';
}

/* What has not been read yet of a text; `bad` once it did not fit. */
struct cursor {
	struct slice rest;
	bool bad;
};

static char
take_char(struct cursor *cursor)
{
	char c;

	if (cursor->rest.len == 0) {
		cursor->bad = true;
		return '\0';
	}
	c = cursor->rest.data[0];
	cursor->rest.data++;
	cursor->rest.len--;
	return c;
}

static inline void
take(struct cursor *cursor, char c)
{
	if (take_char(cursor) != c)
		cursor->bad = true;
}

/* So many decimal digits; `*bad` where there is something else. No branch a
 * digit: a verifier reads forty of them a line. */
static inline unsigned
digits_at(const char *text, size_t digits, bool *bad)
{
	unsigned value = 0;

	for (size_t i = 0; i < digits; i++) {
		unsigned digit = (unsigned)(text[i] - '0');

		*bad |= digit > 9;
		value = 10 * value + digit;
	}
	return value;
}

static inline unsigned
take_digits(struct cursor *cursor, size_t digits)
{
	unsigned value;

	if (cursor->rest.len < digits) {
		cursor->bad = true;
		return 0;
	}
	value = digits_at(cursor->rest.data, digits, &cursor->bad);
	cursor->rest.data += digits;
	cursor->rest.len -= digits;
	return value;
}

static struct date
take_date(struct cursor *cursor)
{
	struct date date;

	date.year = take_digits(cursor, 4);
	take(cursor, '-');
	date.month = take_digits(cursor, 2);
	take(cursor, '-');
	date.day = take_digits(cursor, 2);
	return date;
}

/* A fraction of a second, if there is one, in µs: what is finer is cut. */
static unsigned
take_fraction(struct cursor *cursor)
{
	unsigned value = 0;
	int digits = 0;

	if (cursor->rest.len == 0 || cursor->rest.data[0] != '.')
		return 0;
	take(cursor, '.');
	while (cursor->rest.len > 0 && cursor->rest.data[0] >= '0' &&
	       cursor->rest.data[0] <= '9') {
		unsigned digit = take_digits(cursor, 1);

		if (digits++ < 6)
			value = 10 * value + digit;
	}
	if (digits == 0 || digits > 9)
		cursor->bad = true;
	for (; digits < 6; digits++)
		value *= 10;
	return value;
}

/* "Z", or the minutes that the local time is ahead of UTC. */
static int
take_offset(struct cursor *cursor, bool *ret_in_range)
{
	char sign = take_char(cursor);
	unsigned hours, minutes;

	*ret_in_range = true;
	if (sign == 'Z' || sign == 'z')
		return 0;
	if (sign != '+' && sign != '-') {
		cursor->bad = true;
		return 0;
	}
	hours = take_digits(cursor, 2);
	take(cursor, ':');
	minutes = take_digits(cursor, 2);
	*ret_in_range = hours < 24 && minutes < 60;
	return (sign == '-' ? -1 : 1) * (int)(hours * 60 + minutes);
}

static bool
date_exists(struct date date)
{
	return date.month >= 1 && date.month <= 12 && date.day >= 1 &&
	       date.day <= days_in_month(date.year, date.month);
}

static int
fail(struct error *err, enum error_code code, struct slice text,
    const char *what)
{
	cleanup(buf_free) struct buf quoted = BUF_INIT;

	text_add_quoted(&quoted, text);
	return error_set(err, code, "%s %s", quoted.data, what);
}

/* A moment as it is written. */
struct written {
	struct date date;
	unsigned hour, minute, second;
	unsigned fraction; /* µs */
	int offset;	   /* minutes that it is ahead of UTC */
};

/* NULL, or what is wrong with it. */
static const char *
written_moment(const struct written *written, usec_t *ret_time)
{
	int64_t seconds;

	if (!date_exists(written->date) || written->hour > 23 ||
	    written->minute > 59 || written->second > 60)
		return "is a time that no calendar has";
	seconds = (day_of_date(written->date) * 24 + written->hour) * 3600 +
		  written->minute * 60 + written->second -
		  (int64_t)written->offset * 60;
	/* A leap second ends a day of UTC, wherever it is written. */
	if (written->second == 60 && seconds % 86400 != 0)
		return "has a leap second where none can be";
	if (seconds < 0 || (usec_t)seconds > CLOCK_MAX / USEC_PER_SEC)
		return "is outside the years 1970 to 9999";
	*ret_time = (usec_t)seconds * USEC_PER_SEC + written->fraction;
	return NULL;
}

int
clock_parse(struct slice text, usec_t *ret_time, struct error *err)
{
	struct cursor cursor = { text, false };
	struct written written;
	bool offset_in_range;
	const char *wrong;
	char separator;

	written.date = take_date(&cursor);
	separator = take_char(&cursor);
	cursor.bad |= separator != 'T' && separator != 't' && separator != ' ';
	written.hour = take_digits(&cursor, 2);
	take(&cursor, ':');
	written.minute = take_digits(&cursor, 2);
	take(&cursor, ':');
	written.second = take_digits(&cursor, 2);
	written.fraction = take_fraction(&cursor);
	written.offset = take_offset(&cursor, &offset_in_range);
	if (cursor.bad || cursor.rest.len > 0)
		return fail(err, ERROR_INVALID, text,
		    "is not a time (RFC 3339: 2026-11-23T20:15:08Z)");
	wrong = offset_in_range ? written_moment(&written, ret_time)
				: "is a time that no calendar has";
	if (wrong != NULL)
		return fail(err, ERROR_OUT_OF_RANGE, text, wrong);
	return 0;
}

int
clock_parse_formatted(struct slice text, usec_t *ret_time)
{
	const char *at = text.data;
	struct written written = { 0 };
	bool bad;

	if (text.len != CLOCK_TEXT_SIZE - 1)
		return -1;
	bad = at[4] != '-' || at[7] != '-' || at[10] != 'T' || at[13] != ':' ||
	      at[16] != ':' || at[19] != '.' || at[26] != 'Z';
	written.date.year = digits_at(at, 4, &bad);
	written.date.month = digits_at(at + 5, 2, &bad);
	written.date.day = digits_at(at + 8, 2, &bad);
	written.hour = digits_at(at + 11, 2, &bad);
	written.minute = digits_at(at + 14, 2, &bad);
	written.second = digits_at(at + 17, 2, &bad);
	written.fraction = digits_at(at + 20, 6, &bad);
	/* A leap second is read, but never written. */
	return bad || written.second > 59 ||
		       written_moment(&written, ret_time) != NULL
		   ? -1
		   : 0;
}

int
clock_parse_date(struct slice text, usec_t *ret_time, struct error *err)
{
	struct cursor cursor = { text, false };
	struct date date = take_date(&cursor);

	if (cursor.bad || cursor.rest.len > 0)
		return fail(
		    err, ERROR_INVALID, text, "is not a date (2026-11-23)");
	if (!date_exists(date))
		return fail(err, ERROR_OUT_OF_RANGE, text,
		    "is a date that no calendar has");
	if (date.year < 1970)
		return fail(err, ERROR_OUT_OF_RANGE, text,
		    "is outside the years 1970 to 9999");
	*ret_time = (usec_t)day_of_date(date) * USEC_PER_DAY;
	return 0;
}

/* The smallest first. */
static const struct {
	const char *name;
	usec_t usec;
} units[] = {
	{ "ms", USEC_PER_MSEC },
	{ "s", USEC_PER_SEC },
	{ "m", USEC_PER_MIN },
	{ "h", USEC_PER_HOUR },
	{ "d", USEC_PER_DAY },
	{ "w", 7 * USEC_PER_DAY },
};

int
clock_parse_duration(struct slice text, usec_t *ret_duration, struct error *err)
{
	size_t digits = 0;
	struct slice unit;

	while (digits < text.len && text.data[digits] >= '0' &&
	       text.data[digits] <= '9')
		digits++;
	unit = (struct slice){ text.data + digits, text.len - digits };
	for (size_t i = 0; digits > 0 && i < sizeof(units) / sizeof(units[0]);
	     i++) {
		struct slice number = { text.data, digits };
		uint64_t count;

		if (!slice_is(unit, units[i].name))
			continue;
		if (number_parse_u64(
			number, 0, CLOCK_MAX / units[i].usec, &count) == -1)
			return fail(err, ERROR_OUT_OF_RANGE, text,
			    "is too long a time");
		*ret_duration = count * units[i].usec;
		return 0;
	}
	return fail(err, ERROR_INVALID, text,
	    "is not a duration (500ms, 15s, 5m, 24h, 7d, 2w)");
}

void
clock_format_duration(
    usec_t duration, char ret_text[static CLOCK_DURATION_SIZE])
{
	size_t unit = 0;

	for (size_t i = 1; i < sizeof(units) / sizeof(units[0]) - 1; i++)
		if (duration > 0 && duration % units[i].usec == 0)
			unit = i;
	snprintf(ret_text, CLOCK_DURATION_SIZE, "%llu%s",
	    (unsigned long long)(duration / units[unit].usec),
	    units[unit].name);
}
