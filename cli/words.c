#include "cli/words.h"

#include <inttypes.h>

void
words_add_ago(struct buf *out, usec_t age)
{
	static const struct {
		usec_t unit;
		char letter;
	} units[] = {
		{ USEC_PER_DAY, 'd' },
		{ USEC_PER_HOUR, 'h' },
		{ USEC_PER_MIN, 'm' },
		{ USEC_PER_SEC, 's' },
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (age < units[i].unit)
			continue;
		buf_addf(out, "%" PRIu64 "%c ago", age / units[i].unit,
		    units[i].letter);
		return;
	}
	buf_add_str(out, "just now");
}

void
words_add_since(struct buf *out, struct slice time)
{
	usec_t now = clock_realtime(&clock_system), at;
	struct error ignored = { 0 };

	if (clock_parse(time, &at, &ignored) == 0)
		words_add_ago(out, now > at ? now - at : 0);
}

void
words_add_moment(struct buf *out, struct slice time)
{
	char text[CLOCK_TEXT_SIZE];
	struct error ignored = { 0 };
	usec_t at;

	if (clock_parse(time, &at, &ignored) == -1) {
		buf_add_slice(out, time);
		return;
	}
	clock_format(at, text);
	buf_addf(out, "%.10s %.8sZ", text, text + sizeof("2026-11-23"));
}

void
words_add_duration(struct buf *out, double milliseconds)
{
	double seconds = milliseconds / 1000;
	uint64_t whole;

	/* The borders are where rounding would show the next unit. */
	if (milliseconds < 9.95) {
		buf_addf(out, "%.1f ms", milliseconds);
	} else if (milliseconds < 999.5) {
		buf_addf(out, "%.0f ms", milliseconds);
	} else if (seconds < 59.95) {
		buf_addf(out, "%.1f s", seconds);
	} else if (seconds < 1e15) {
		whole = (uint64_t)(seconds + 0.5);
		if (whole < 3600)
			buf_addf(out, "%" PRIu64 "m %" PRIu64 "s", whole / 60,
			    whole % 60);
		else
			buf_addf(out, "%" PRIu64 "h %" PRIu64 "m", whole / 3600,
			    whole / 60 % 60);
	} else {
		buf_addf(out, "%.0e s", seconds);
	}
}

void
words_add_bytes(struct buf *out, uint64_t bytes)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB",
		"PiB" };
	size_t count = sizeof(units) / sizeof(units[0]);
	double value = (double)bytes / 1024;
	size_t unit = 0;

	if (bytes < 1024) {
		buf_addf(out, "%" PRIu64 " B", bytes);
		return;
	}
	while (value >= 1023.95 && unit + 1 < count) {
		value /= 1024;
		unit++;
	}
	buf_addf(out, "%.1f %s", value, units[unit]);
}

void
words_add_count(struct buf *out, uint64_t count)
{
	if (count >= 1000) {
		words_add_count(out, count / 1000);
		buf_addf(out, ",%03u", (unsigned)(count % 1000));
	} else {
		buf_add_u64(out, count);
	}
}

void
words_add_counted(
    struct buf *out, uint64_t count, const char *one, const char *many)
{
	words_add_count(out, count);
	buf_add_char(out, ' ');
	buf_add_str(out, count == 1 ? one : many);
}
