/* FORMAT (in kruxos.db: tables block, segment, recent_block, recent_segment)
 *
 * Numbers are little-endian.
 *
 * Bits of a value:
 *	4 bytes		CRC-32C of the key (dimension 1 byte, value 4, the
 *			block's first seq 8, count 4) and of what follows
 *	then, up to PLAIN positions:
 *	2 bytes each	the positions, rising
 *	else:
 *	a bitmap in Roaring's portable format (RoaringFormatSpec), with runs
 *
 * Times of a block:
 *	4 bytes		CRC-32C of the block's row (first seq 8 bytes, size 4,
 *			count 4, min_time 8, max_time 8, recorded_at 8) and of
 *			what follows
 *	4 bytes		width: 4, or 8 for a block that spans 49 days or more
 *	width each	by position: milliseconds since min_time's millisecond;
 *			all ones where no entry stands
 *
 * The checksum comes before everything else: CRoaring 0.2 checks nothing that
 * it reads. It covers the key, so that bits that a damaged page attributes to
 * another value or block are found out, too.
 */
#include "store/segment.h"

#include "base/crc32c.h"
#include "base/memory.h"

#include <assert.h>
#include <endian.h>

enum {
	CHECKSUM_BYTES = 4,
	PLAIN = 64,
	TIMES_HEAD_BYTES = 8, /* checksum and width */
};

/* --- bytes -------------------------------------------------------------- */

static void
add_u16(struct buf *out, uint16_t value)
{
	value = htole16(value);
	buf_add(out, &value, sizeof(value));
}

static void
add_u32(struct buf *out, uint32_t value)
{
	value = htole32(value);
	buf_add(out, &value, sizeof(value));
}

static uint32_t
read_u32(const char *bytes)
{
	uint32_t value;

	memcpy(&value, bytes, sizeof(value));
	return le32toh(value);
}

static uint32_t
sum_u32(uint32_t sum, uint32_t value)
{
	value = htole32(value);
	return crc32c(
	    sum, (struct slice){ (const char *)&value, sizeof(value) });
}

static uint32_t
sum_u64(uint32_t sum, uint64_t value)
{
	value = htole64(value);
	return crc32c(
	    sum, (struct slice){ (const char *)&value, sizeof(value) });
}

/* Put the checksum of `sum` (of the key) and all behind it at `begin`. */
static void
put_checksum(struct buf *out, size_t begin, uint32_t sum)
{
	size_t skip = begin + CHECKSUM_BYTES;

	sum = htole32(
	    crc32c(sum, (struct slice){ out->data + skip, out->len - skip }));
	memcpy(out->data + begin, &sum, sizeof(sum));
}

/* The blob behind its checksum; false if that does not hold. */
static bool
check(struct slice blob, uint32_t sum, struct slice *ret_rest)
{
	struct slice rest;

	if (blob.len < CHECKSUM_BYTES)
		return false;
	rest = (struct slice){ blob.data + CHECKSUM_BYTES,
		blob.len - CHECKSUM_BYTES };
	if (read_u32(blob.data) != crc32c(sum, rest))
		return false;
	*ret_rest = rest;
	return true;
}

/* --- bits --------------------------------------------------------------- */

static uint32_t
sum_key(const struct segment_key *key)
{
	char dimension = (char)key->dimension;
	uint32_t sum = crc32c(0, (struct slice){ &dimension, 1 });

	sum = sum_u32(sum, key->value);
	sum = sum_u64(sum, key->first);
	return sum_u32(sum, key->count);
}

/* One by one: roaring_bitmap_add_range() of 0.2.66 leaves sets of up to 4,096
 * as bitsets, which the portable format takes for arrays when they are read. */
static void
add_roaring(const uint16_t *positions, size_t count, struct buf *out)
{
	roaring_bitmap_t *bits = roaring_bitmap_create();
	size_t bytes;

	for (size_t i = 0; i < count; i++)
		roaring_bitmap_add(bits, positions[i]);
	roaring_bitmap_run_optimize(bits);
	bytes = roaring_bitmap_portable_size_in_bytes(bits);
	buf_reserve(out, bytes);
	roaring_bitmap_portable_serialize(bits, out->data + out->len);
	buf_set_len(out, out->len + bytes);
	roaring_bitmap_free(bits);
}

void
segment_encode(
    const struct segment_key *key, const uint16_t *positions, struct buf *out)
{
	size_t begin = out->len;

	buf_add_chars(out, '\0', CHECKSUM_BYTES);
	if (key->count <= PLAIN)
		for (uint32_t i = 0; i < key->count; i++)
			add_u16(out, positions[i]);
	else
		add_roaring(positions, key->count, out);
	put_checksum(out, begin, sum_key(key));
}

static roaring_bitmap_t *
read_plain(struct slice positions)
{
	roaring_bitmap_t *bits = roaring_bitmap_create();

	for (size_t i = 0; i + 1 < positions.len; i += 2) {
		uint16_t position;

		memcpy(&position, positions.data + i, sizeof(position));
		roaring_bitmap_add(bits, le16toh(position));
	}
	return bits;
}

roaring_bitmap_t *
segment_decode(
    const struct segment_key *key, struct slice blob, struct error *err)
{
	roaring_bitmap_t *bits = NULL;
	struct slice rest;

	if (check(blob, sum_key(key), &rest)) {
		if (key->count <= PLAIN)
			bits = read_plain(rest);
		else
			bits = roaring_bitmap_portable_deserialize_safe(
			    rest.data, rest.len);
		if (bits != NULL &&
		    roaring_bitmap_get_cardinality(bits) == key->count)
			return bits;
	}
	if (bits != NULL)
		roaring_bitmap_free(bits);
	error_set(err, ERROR_CORRUPT,
	    "kruxos.db: block %llu: the bits of value %u of dimension %d are "
	    "damaged",
	    (unsigned long long)key->first, key->value, (int)key->dimension);
	return NULL;
}

/* --- times -------------------------------------------------------------- */

static uint32_t
sum_block(const struct segment_block *block)
{
	uint32_t sum = sum_u64(0, block->first);

	sum = sum_u32(sum, block->size);
	sum = sum_u32(sum, block->count);
	sum = sum_u64(sum, block->min_time);
	sum = sum_u64(sum, block->max_time);
	return sum_u64(sum, block->recorded_at);
}

void
segment_encode_times(const struct segment_block *block, const usec_t *times,
    size_t count, struct buf *out)
{
	usec_t base = block->min_time / USEC_PER_MSEC;
	bool is_wide = block->max_time / USEC_PER_MSEC - base >= UINT32_MAX;
	size_t begin = out->len;

	assert(count <= block->size);
	buf_reserve(out, TIMES_HEAD_BYTES + count * sizeof(uint64_t));
	buf_add_chars(out, '\0', CHECKSUM_BYTES);
	add_u32(out, is_wide ? sizeof(uint64_t) : sizeof(uint32_t));
	for (size_t i = 0; i < count; i++) {
		uint64_t since = times[i] == SEGMENT_NO_TIME
				     ? SEGMENT_NO_TIME
				     : times[i] / USEC_PER_MSEC - base;

		add_u32(out, (uint32_t)since);
		if (is_wide)
			add_u32(out, (uint32_t)(since >> 32));
	}
	put_checksum(out, begin, sum_block(block));
}

int
segment_decode_times(const struct segment_block *block, struct slice blob,
    struct segment_times *ret_times, struct error *err)
{
	struct segment_times times = {
		.base = block->min_time / USEC_PER_MSEC,
	};
	struct slice rest;

	if (check(blob, sum_block(block), &rest) &&
	    blob.len >= TIMES_HEAD_BYTES) {
		times.width = read_u32(rest.data);
		times.bytes = blob.data + TIMES_HEAD_BYTES;
		if (times.width == sizeof(uint32_t) ||
		    times.width == sizeof(uint64_t)) {
			times.count =
			    (blob.len - TIMES_HEAD_BYTES) / times.width;
			if (times.count <= block->size) {
				*ret_times = times;
				return 0;
			}
		}
	}
	return error_set(err, ERROR_CORRUPT,
	    "kruxos.db: block %llu: its times are damaged",
	    (unsigned long long)block->first);
}

/* Where a time lies. */
enum side { OUTSIDE, INSIDE, UNSURE };

/* A range of time in whole milliseconds; a bound that is cut lies within one.
 */
struct range {
	uint64_t low, high;
	bool low_is_cut, high_is_cut;
};

static enum side
side_of(const struct range *range, uint64_t time)
{
	if (time == SEGMENT_NO_TIME || time < range->low || time > range->high)
		return OUTSIDE;
	if ((time == range->low && range->low_is_cut) ||
	    (time == range->high && range->high_is_cut))
		return UNSURE;
	return time == range->high ? OUTSIDE : INSIDE;
}

/* Neighbours are mostly on one side. So many narrow times are looked at
 * together, in a loop that the compiler makes vectors of. */
enum { STEP = 64 };

/* first <= value < first + count, in milliseconds since the base. */
struct step_bounds {
	uint32_t first, count;
};

static size_t
count_in_step(const char *bytes, struct step_bounds bounds)
{
	size_t count = 0;

	for (size_t i = 0; i < STEP; i++) {
		uint32_t value;

		memcpy(&value, bytes + i * sizeof(value), sizeof(value));
		count += le32toh(value) - bounds.first < bounds.count;
	}
	return count;
}

static uint32_t
since_base(const struct segment_times *times, uint64_t time)
{
	uint64_t since = time < times->base ? 0 : time - times->base;

	return since > UINT32_MAX ? UINT32_MAX : (uint32_t)since;
}

/* Surely inside: within these. What is not within `ret_outer` is outside. Near
 * the bounds neither may hold. */
static void
bound_steps(const struct segment_times *times, const struct range *range,
    struct step_bounds *ret_inner, struct step_bounds *ret_outer)
{
	uint32_t low = since_base(times, range->low);
	uint32_t high = since_base(times, range->high);

	*ret_outer = (struct step_bounds){ low, high - low };
	ret_outer->count += ret_outer->count < UINT32_MAX;
	*ret_inner = (struct step_bounds){ low, high - low };
	if (ret_inner->count > 0)
		ret_inner->first++, ret_inner->count--;
}

void
segment_times_between(const struct segment_times *times, usec_t from, usec_t to,
    roaring_bitmap_t *ret_sure, roaring_bitmap_t *ret_unsure)
{
	const struct range range = {
		.low = from / USEC_PER_MSEC,
		.high = to / USEC_PER_MSEC,
		.low_is_cut = from % USEC_PER_MSEC != 0,
		.high_is_cut = to % USEC_PER_MSEC != 0,
	};
	bool is_narrow = times->width == sizeof(uint32_t);
	enum side side, before = OUTSIDE;
	struct step_bounds inner, outer;
	size_t begin = 0, i = 0;

	bound_steps(times, &range, &inner, &outer);
	while (i <= times->count) {
		const char *bytes = times->bytes + i * sizeof(uint32_t);

		if (is_narrow && i % STEP == 0 && i + STEP <= times->count &&
		    ((before == OUTSIDE && count_in_step(bytes, outer) == 0) ||
			(before == INSIDE &&
			    count_in_step(bytes, inner) == STEP))) {
			i += STEP;
			continue;
		}
		side = i == times->count
			   ? OUTSIDE
			   : side_of(&range, segment_time(times, i));
		if (side != before) {
			if (before != OUTSIDE)
				roaring_bitmap_add_range_closed(
				    before == INSIDE ? ret_sure : ret_unsure,
				    (uint32_t)begin, (uint32_t)(i - 1));
			before = side;
			begin = i;
		}
		i++;
	}
}
