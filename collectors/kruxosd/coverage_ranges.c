#include "collectors/kruxosd/coverage_ranges.h"

/* Take out `count` ranges from `at` on. */
static void
take_out(struct coverage_ranges *ranges, size_t at, size_t count)
{
	memmove(ranges->ranges + at, ranges->ranges + at + count,
	    (ranges->count - at - count) * sizeof(ranges->ranges[0]));
	ranges->count -= count;
}

static void
put_in(struct coverage_ranges *ranges, size_t at, struct coverage_range range)
{
	memmove(ranges->ranges + at + 1, ranges->ranges + at,
	    (ranges->count - at) * sizeof(ranges->ranges[0]));
	ranges->ranges[at] = range;
	ranges->count++;
}

/* Numbers between a range and the next one. */
static uint64_t
gap_behind(const struct coverage_ranges *ranges, size_t at)
{
	return ranges->ranges[at + 1].first - ranges->ranges[at].last - 1;
}

static void
give_up_smallest_gap(struct coverage_ranges *ranges)
{
	size_t smallest = 0;

	for (size_t i = 1; i + 1 < ranges->count; i++)
		if (gap_behind(ranges, i) < gap_behind(ranges, smallest))
			smallest = i;
	ranges->given_up += gap_behind(ranges, smallest);
	ranges->ranges[smallest].last = ranges->ranges[smallest + 1].last;
	take_out(ranges, smallest + 1, 1);
}

void
coverage_ranges_add(
    struct coverage_ranges *ranges, uint64_t first, uint64_t last)
{
	struct coverage_range range = { first, last };
	size_t at = 0, count = 0;

	while (at < ranges->count && ranges->ranges[at].last + 1 < first)
		at++;
	/* Those that it meets become one with it. */
	while (at + count < ranges->count &&
	       ranges->ranges[at + count].first <= last + 1)
		count++;
	if (count > 0) {
		if (ranges->ranges[at].first < first)
			range.first = ranges->ranges[at].first;
		if (ranges->ranges[at + count - 1].last > last)
			range.last = ranges->ranges[at + count - 1].last;
		take_out(ranges, at, count);
	}
	put_in(ranges, at, range);
	if (ranges->count > COVERAGE_RANGES)
		give_up_smallest_gap(ranges);
}

uint64_t
coverage_ranges_missing(const struct coverage_ranges *ranges)
{
	uint64_t missing = ranges->given_up;

	for (size_t i = 0; i + 1 < ranges->count; i++)
		missing += gap_behind(ranges, i);
	return missing;
}

/* Numbers of 64 bits as this machine has them: the file is this machine's. */
void
coverage_ranges_write(const struct coverage_ranges *ranges, struct buf *out)
{
	buf_add(out, &ranges->given_up, sizeof(ranges->given_up));
	buf_add(out, ranges->ranges, ranges->count * sizeof(ranges->ranges[0]));
}

int
coverage_ranges_read(struct coverage_ranges *ret, struct slice bytes)
{
	struct coverage_ranges read = { .count = 0 };
	size_t head = sizeof(read.given_up);

	if (bytes.len == 0) {
		*ret = read;
		return 0;
	}
	if (bytes.len < head ||
	    (bytes.len - head) % sizeof(read.ranges[0]) != 0 ||
	    (bytes.len - head) / sizeof(read.ranges[0]) > COVERAGE_RANGES)
		return -1;
	memcpy(&read.given_up, bytes.data, head);
	memcpy(read.ranges, bytes.data + head, bytes.len - head);
	read.count = (bytes.len - head) / sizeof(read.ranges[0]);
	for (size_t i = 0; i < read.count; i++)
		if (read.ranges[i].first > read.ranges[i].last ||
		    (i > 0 &&
			read.ranges[i].first <= read.ranges[i - 1].last + 1))
			return -1;
	*ret = read;
	return 0;
}
