/* Which numbers of a sequence came, and how many of those between did not:
 * pure.
 *
 * Kept as ranges in their order. There are few: numbers come one after another,
 * and what comes late closes its gap. Beyond COVERAGE_RANGES the smallest gap
 * is given up: what is missing in it stays so.
 */
#ifndef KRUXOSD_COVERAGE_RANGES_H
#define KRUXOSD_COVERAGE_RANGES_H

#include "base/buf.h"

#include <stdint.h>

enum { COVERAGE_RANGES = 32 };

struct coverage_ranges {
	struct coverage_range {
		uint64_t first, last;  /* both came */
	} ranges[COVERAGE_RANGES + 1]; /* one to spare, within a call */
	size_t count;
	uint64_t given_up; /* numbers in gaps that are kept no more */
};

/* The numbers from `first` to `last` came; first <= last < 2^63. */
void coverage_ranges_add(
    struct coverage_ranges *ranges, uint64_t first, uint64_t last);

/* The numbers between the first that came and the last that did not come. */
uint64_t coverage_ranges_missing(const struct coverage_ranges *ranges);

/* To bytes and back. What is no ranges is none: -1. */
void
coverage_ranges_write(const struct coverage_ranges *ranges, struct buf *out);
int coverage_ranges_read(struct coverage_ranges *ret, struct slice bytes);

#endif
