/* Time. Inside, every time and every duration is a usec_t; milliseconds and
 * RFC 3339 live at the edges. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/error.h"
#include "base/slice.h"

#include <stdint.h>

typedef uint64_t usec_t; /* µs since 1970-01-01T00:00:00Z, or a duration */

#define USEC_PER_MSEC ((usec_t)1000)
#define USEC_PER_SEC  ((usec_t)1000000)
#define USEC_PER_MIN  (60 * USEC_PER_SEC)
#define USEC_PER_HOUR (60 * USEC_PER_MIN)
#define USEC_PER_DAY  (24 * USEC_PER_HOUR)

/* The last moment RFC 3339 can write: 9999-12-31T23:59:59.999999Z. */
#define CLOCK_MAX ((usec_t)253402300799999999)

/* A clock is handed in, so that a test can be its own. */
struct clock {
	usec_t (*realtime)(struct clock *clock);  /* CLOCK_REALTIME */
	usec_t (*monotonic)(struct clock *clock); /* CLOCK_MONOTONIC */
	usec_t (*boottime)(struct clock *clock);  /* CLOCK_BOOTTIME */
};

/* The machine's own. */
extern struct clock clock_system;

static inline usec_t
clock_realtime(struct clock *clock)
{
	return clock->realtime(clock);
}

static inline usec_t
clock_monotonic(struct clock *clock)
{
	return clock->monotonic(clock);
}

static inline usec_t
clock_boottime(struct clock *clock)
{
	return clock->boottime(clock);
}

enum {
	CLOCK_TEXT_SIZE = sizeof("2026-11-23T20:15:08.123456Z"),
	CLOCK_DATE_SIZE = sizeof("2026-11-23"),
	CLOCK_DURATION_SIZE = sizeof("18446744073709551ms"),
};

/* "2026-11-23T20:15:08.123456Z": always UTC, always six digits. */
void clock_format(usec_t time, char ret_text[static CLOCK_TEXT_SIZE]);

/* "2026-11-23": the UTC date. */
void clock_format_date(usec_t time, char ret_text[static CLOCK_DATE_SIZE]);

/* RFC 3339 with any offset, 0–9 digits of a fraction (cut to µs), 'T' or a
 * space, 'Z' in either case; a leap second counts as the second after it.
 * Years 1970–9999. ERROR_OUT_OF_RANGE or ERROR_INVALID with a sentence. */
int clock_parse(struct slice text, usec_t *ret_time, struct error *err);

/* What clock_format() can have written, and nothing else. -1. */
int clock_parse_formatted(struct slice text, usec_t *ret_time);

/* A bare date, "2026-11-23": 00:00 UTC of that day. */
int clock_parse_date(struct slice text, usec_t *ret_time, struct error *err);

/* "500ms", "15s", "5m", "24h", "7d", "2w"; a number and its unit. */
int clock_parse_duration(
    struct slice text, usec_t *ret_duration, struct error *err);

/* The same as it could have been written, in the largest of these units that
 * leaves no rest: "90m", "2d". What is less than a millisecond is left out. */
void clock_format_duration(
    usec_t duration, char ret_text[static CLOCK_DURATION_SIZE]);

#endif
