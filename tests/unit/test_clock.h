/* A clock that stands until the test turns it. */
#ifndef TESTS_UNIT_TEST_CLOCK_H
#define TESTS_UNIT_TEST_CLOCK_H

#include "base/clock.h"

static usec_t test_now = USEC_PER_HOUR;

static usec_t
test_time(struct clock *clock)
{
	(void)clock;
	return test_now;
}

static struct clock test_clock = { test_time, test_time, test_time };

#endif
