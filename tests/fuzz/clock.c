/* Any bytes as a time, a date and a duration: glibc's calendar (strptime(),
 * timegm()) agrees about what is a time of RFC 3339, and when; and what is
 * written reads the same again. */
#include "base/clock.h"
#include "base/number.h"

#include <assert.h>
#include <string.h>
#include <time.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static bool
has_form(const char *text, const char *form)
{
	for (; *form != '\0'; text++, form++)
		if (*form == '9' ? *text < '0' || *text > '9' : *text != *form)
			return false;
	return true;
}

/* Behind the seconds: a fraction, in µs, and "Z" or an offset, in minutes.
 * False: something else. */
static bool
read_rest(const char *text, unsigned *ret_usec, int *ret_offset)
{
	unsigned scale = 100000;
	int hours, minutes;

	*ret_usec = 0;
	*ret_offset = 0;
	if (*text == '.') {
		size_t digits = strspn(++text, "0123456789");

		if (digits < 1 || digits > 9)
			return false;
		for (; digits > 0; digits--, text++, scale /= 10)
			*ret_usec += scale * (unsigned)(*text - '0');
	}
	if (strcmp(text, "Z") == 0 || strcmp(text, "z") == 0)
		return true;
	if ((*text != '+' && *text != '-') || strlen(text) != 6 ||
	    !has_form(text + 1, "99:99"))
		return false;
	hours = 10 * (text[1] - '0') + text[2] - '0';
	minutes = 10 * (text[4] - '0') + text[5] - '0';
	*ret_offset = (*text == '-' ? -1 : 1) * (60 * hours + minutes);
	return hours < 24 && minutes < 60;
}

/* What glibc makes of it; false: no time of ours. */
static bool
ask_glibc(char *text, usec_t *ret_time)
{
	struct tm tm = { 0 }, again;
	unsigned usec;
	int offset;
	time_t seconds;

	if (strlen(text) < 20 || strchr("Tt ", text[10]) == NULL ||
	    !has_form(text, "9999-99-99"))
		return false;
	text[10] = 'T';
	if (!has_form(text + 11, "99:99:99") ||
	    !read_rest(text + 19, &usec, &offset))
		return false;
	/* strptime() lets a second be 61, for glibc's own reasons. */
	if (strncmp(text + 17, "61", 2) == 0 ||
	    strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) != text + 19)
		return false;
	again = tm;
	seconds = timegm(&again);
	if (tm.tm_sec < 60 &&
	    (again.tm_mday != tm.tm_mday || again.tm_mon != tm.tm_mon))
		return false; /* 30 February */
	if (tm.tm_sec == 60) {
		struct tm day = { .tm_year = tm.tm_year,
			.tm_mon = tm.tm_mon,
			.tm_mday = tm.tm_mday };
		struct tm same = day;

		(void)timegm(&same);
		if (same.tm_mday != day.tm_mday || same.tm_mon != day.tm_mon)
			return false;
	}
	seconds -= (time_t)offset * 60;
	if (tm.tm_sec == 60 && seconds % 86400 != 0)
		return false;
	if (seconds < 0 || (usec_t)seconds > CLOCK_MAX / USEC_PER_SEC)
		return false;
	*ret_time = (usec_t)seconds * USEC_PER_SEC + usec;
	return true;
}

static void
check_time(struct slice text, char *copy)
{
	char written[CLOCK_TEXT_SIZE];
	struct error err = { 0 };
	usec_t ours = 0, theirs = 0, again = 0;
	bool is_time = clock_parse(text, &ours, &err) == 0;

	if (strlen(copy) != text.len) {
		assert(!is_time); /* a NUL is in it */
		return;
	}
	assert(is_time == ask_glibc(copy, &theirs));
	if (!is_time) {
		assert(err.sentence[0] != '\0');
		return;
	}
	assert(ours == theirs);
	clock_format(ours, written);
	assert(strlen(written) == CLOCK_TEXT_SIZE - 1);
	assert(clock_parse(slice_of(written), &again, &err) == 0);
	assert(ours == again);
}

static void
check_date(struct slice text)
{
	char written[CLOCK_DATE_SIZE];
	struct error err = { 0 };
	usec_t day;

	if (clock_parse_date(text, &day, &err) == -1) {
		assert(err.sentence[0] != '\0');
		return;
	}
	assert(day % USEC_PER_DAY == 0);
	clock_format_date(day, written);
	assert(slice_is(text, written));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct slice text = { (const char *)bytes, len };
	struct error err = { 0 };
	char copy[256];
	usec_t duration;

	if (len >= sizeof(copy))
		return 0;
	memcpy(copy, bytes, len);
	copy[len] = '\0';
	check_time(text, copy);
	check_date(text);
	if (clock_parse_duration(text, &duration, &err) == 0)
		assert(duration <= CLOCK_MAX);
	else
		assert(err.sentence[0] != '\0');
	return 0;
}
