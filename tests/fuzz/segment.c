/* Any bytes as a segment of kruxos.db: what its checksum does not vouch for is
 * never decoded; any positions, encoded, decode to the same, and with one bit
 * flipped to nothing. Times are read under a right checksum, too. */
#include "lib/store/segment.c"

#include "base/cleanup.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

enum { KEY_BYTES = 12 };

/* The positions that the bytes say: steps, each a byte, of 1 to 256. */
static uint32_t
read_positions(
    const uint8_t *bytes, size_t len, uint16_t positions[static SEGMENT_BLOCK])
{
	uint32_t at = UINT32_MAX, count = 0;

	for (size_t i = 0; i < len; i++) {
		at += 1 + (uint32_t)bytes[i];
		if (at >= SEGMENT_BLOCK)
			break;
		positions[count++] = (uint16_t)at;
	}
	return count;
}

static void
check_bits(struct segment_key key, const uint8_t *bytes, size_t len)
{
	static uint16_t positions[SEGMENT_BLOCK];
	static uint32_t found[SEGMENT_BLOCK];
	cleanup(buf_free) struct buf blob = BUF_INIT;
	struct error err;
	roaring_bitmap_t *bits;
	size_t flipped;

	key.count = read_positions(bytes, len, positions);
	segment_encode(&key, positions, &blob);
	bits = segment_decode(&key, buf_slice(&blob), &err);
	assert(bits != NULL);
	assert(roaring_bitmap_get_cardinality(bits) == key.count);
	roaring_bitmap_to_uint32_array(bits, found);
	for (uint32_t i = 0; i < key.count; i++)
		assert(found[i] == positions[i]);
	roaring_bitmap_free(bits);
	flipped = (key.value ^ key.first) % (blob.len * 8);
	blob.data[flipped / 8] ^= (char)(1 << flipped % 8);
	assert(segment_decode(&key, buf_slice(&blob), &err) == NULL);
}

static void
check_times(const struct segment_block *block, struct buf *blob)
{
	struct segment_times times;
	struct error err;
	roaring_bitmap_t *sure, *unsure;

	if (blob->len >= CHECKSUM_BYTES)
		put_checksum(blob, 0, sum_block(block));
	if (segment_decode_times(block, buf_slice(blob), &times, &err) == -1)
		return;
	assert(times.count <= block->size);
	sure = roaring_bitmap_create();
	unsure = roaring_bitmap_create();
	segment_times_between(
	    &times, block->min_time, block->max_time, sure, unsure);
	assert(!roaring_bitmap_intersect(sure, unsure));
	assert(roaring_bitmap_is_empty(sure) ||
	       roaring_bitmap_maximum(sure) < times.count);
	for (size_t i = 0; i < times.count; i++)
		(void)segment_time(&times, i);
	roaring_bitmap_free(sure);
	roaring_bitmap_free(unsure);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	cleanup(buf_free) struct buf blob = BUF_INIT;
	struct segment_key key = { .dimension = SEGMENT_ACTOR };
	struct segment_block block = { .size = SEGMENT_RECENT };
	struct slice rest;
	struct error err;

	if (len < KEY_BYTES)
		return 0;
	memcpy(&key.value, bytes, sizeof(key.value));
	key.first = bytes[4] * (uint64_t)SEGMENT_BLOCK;
	memcpy(&key.count, bytes + 5, 2);
	block.count = key.count % (SEGMENT_RECENT + 1);
	block.min_time = key.value;
	block.max_time = block.min_time + bytes[7] * USEC_PER_DAY;
	buf_add(&blob, bytes + KEY_BYTES, len - KEY_BYTES);
	/* The fuzzer sees what a checksum is compared with, and tries that. */
	if (check(buf_slice(&blob), sum_key(&key), &rest))
		blob.data[0] ^= 1;
	assert(segment_decode(&key, buf_slice(&blob), &err) == NULL);
	check_times(&block, &blob);
	check_bits(key, bytes + KEY_BYTES, len - KEY_BYTES);
	return 0;
}
