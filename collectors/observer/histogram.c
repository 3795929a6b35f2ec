#include "collectors/observer/histogram.h"

#include <math.h>

enum { LINEAR = 1 << HISTOGRAM_LINEAR_BITS };

/* How far a value is shifted to the right until LINEAR..2*LINEAR-1 are left;
 * 0 for those that are small already. */
static unsigned
shift_of(uint64_t value)
{
	unsigned bits = value == 0 ? 0 : 64 - (unsigned)__builtin_clzll(value);

	return bits <= HISTOGRAM_LINEAR_BITS + 1
		   ? 0
		   : bits - HISTOGRAM_LINEAR_BITS - 1;
}

static size_t
bucket_of(uint64_t value)
{
	unsigned shift = shift_of(value);

	return ((size_t)shift << HISTOGRAM_LINEAR_BITS) +
	       (size_t)(value >> shift);
}

/* The middle of what falls into the bucket. */
static double
value_of(size_t bucket)
{
	unsigned shift = bucket < LINEAR
			     ? 0
			     : (unsigned)(bucket >> HISTOGRAM_LINEAR_BITS) - 1;
	uint64_t low =
	    (uint64_t)(bucket - ((size_t)shift << HISTOGRAM_LINEAR_BITS))
	    << shift;

	return (double)low + (double)((UINT64_C(1) << shift) - 1) / 2;
}

void
histogram_add(struct histogram *histogram, uint64_t value)
{
	size_t bucket =
	    bucket_of(value < HISTOGRAM_MAX ? value : HISTOGRAM_MAX);

	histogram->count++;
	histogram->buckets[bucket]++;
}

void
histogram_merge(struct histogram *histogram, const struct histogram *other)
{
	if (other->count == 0)
		return;
	histogram->count += other->count;
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
		histogram->buckets[i] += other->buckets[i];
}

double
histogram_quantile(const struct histogram *histogram, double quantile)
{
	double wanted = ceil(quantile * (double)histogram->count);
	uint64_t seen = 0;

	if (histogram->count == 0)
		return (double)NAN;
	if (wanted < 1)
		wanted = 1;
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		seen += histogram->buckets[i];
		if ((double)seen >= wanted)
			return value_of(i);
	}
	return HISTOGRAM_MAX;
}
