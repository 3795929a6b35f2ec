/* How latencies are distributed, in little memory: a log-linear histogram.
 *
 * Values below 64 have a bucket each. Above, every power of two is divided into
 * 32 buckets of equal width, and a bucket is reported as its middle: a quantile
 * is off by at most 1/64 of its value (1.6 %), however many values there are.
 * The unit is the caller's; values beyond HISTOGRAM_MAX count as that.
 */
#ifndef OBSERVER_HISTOGRAM_H
#define OBSERVER_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

enum {
	HISTOGRAM_LINEAR_BITS = 5, /* 32 buckets in a power of two */
	HISTOGRAM_MAX_BITS = 22,
	HISTOGRAM_MAX = (1 << HISTOGRAM_MAX_BITS) - 1, /* in ms: 70 minutes */
	HISTOGRAM_BUCKETS = (HISTOGRAM_MAX_BITS - HISTOGRAM_LINEAR_BITS + 1)
			    << HISTOGRAM_LINEAR_BITS,
};

/* A value: zeroed, it is empty. */
struct histogram {
	uint64_t count;
	uint32_t buckets[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *histogram, uint64_t value);

/* Put what `other` holds into `histogram`, too. */
void
histogram_merge(struct histogram *histogram, const struct histogram *other);

/* The smallest value that at least `quantile` (0 to 1) of all do not exceed,
 * within the error above; NAN when it is empty. */
double histogram_quantile(const struct histogram *histogram, double quantile);

#endif
