#include "lib/store/segment.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "tests/unit/chance.h"

static uint64_t chance = 20261123;

/* Positions below `size`, each with a chance of 1 in `sparse`, in runs. */
static uint32_t
make_positions(uint32_t size, unsigned sparse, unsigned run,
    uint16_t positions[static SEGMENT_BLOCK])
{
	uint32_t count = 0;

	for (uint32_t at = 0; at < size;) {
		uint32_t len = 1 + (uint32_t)chance_below(&chance, run);
		bool is_in = chance_below(&chance, sparse) == 0;

		for (; len > 0 && at < size; len--, at++)
			if (is_in)
				positions[count++] = (uint16_t)at;
	}
	return count;
}

static void
check_round_trip(const uint16_t *positions, uint32_t count)
{
	cleanup(buf_free) struct buf blob = BUF_INIT;
	struct segment_key key = { SEGMENT_ACTOR, 77, 65536, count };
	struct error err = { 0 };
	cleanup(cleanup_free) uint32_t *read =
	    memory_new((SEGMENT_BLOCK + 1) * sizeof(*read));
	roaring_bitmap_t *bits;

	segment_encode(&key, positions, &blob);
	bits = segment_decode(&key, buf_slice(&blob), &err);
	if (bits == NULL)
		fail_msg("%s", err.sentence);
	assert_int_equal(roaring_bitmap_get_cardinality(bits), count);
	roaring_bitmap_to_uint32_array(bits, read);
	for (uint32_t i = 0; i < count; i++)
		assert_int_equal(read[i], positions[i]);
	roaring_bitmap_free(bits);
}

static void
bits_read_back_as_they_were_written(void **state)
{
	static const struct {
		uint32_t size;
		unsigned sparse, run;
	} cases[] = { { 0, 1, 1 }, { 1, 1, 1 }, { PLAIN, 1, 1 },
		{ PLAIN + 1, 1, 1 }, { SEGMENT_BLOCK, 1, 1 },
		{ SEGMENT_BLOCK, 2, 1 }, { SEGMENT_BLOCK, 3, 40 },
		{ SEGMENT_BLOCK, 14, 1 }, { SEGMENT_BLOCK, 15, 1 },
		{ SEGMENT_BLOCK, 16, 1 }, { SEGMENT_BLOCK, 17, 1 },
		{ SEGMENT_BLOCK, 20, 3 }, { SEGMENT_BLOCK, 40, 1 },
		{ SEGMENT_BLOCK, 5000, 1 }, { SEGMENT_RECENT, 3, 2 },
		{ SEGMENT_RECENT, 100, 1 } };
	static uint16_t positions[SEGMENT_BLOCK];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		check_round_trip(
		    positions, make_positions(cases[i].size, cases[i].sparse,
				   cases[i].run, positions));
}

static void
a_flipped_bit_anywhere_in_a_blob_is_corrupt(void **state)
{
	static uint16_t positions[SEGMENT_BLOCK];
	static const unsigned sparse[] = { 2000, 200, 2 };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		cleanup(buf_free) struct buf blob = BUF_INIT;
		struct segment_key key = { SEGMENT_STATUS, 1, 0, 0 };

		key.count =
		    make_positions(SEGMENT_BLOCK, sparse[i], 1, positions);
		segment_encode(&key, positions, &blob);
		for (size_t flip = 0; flip < 2000; flip++) {
			size_t bit = chance_below(&chance, blob.len * 8);
			struct error err = { 0 };

			blob.data[bit / 8] ^= (char)(1 << bit % 8);
			assert_null(
			    segment_decode(&key, buf_slice(&blob), &err));
			assert_int_equal(err.code, ERROR_CORRUPT);
			blob.data[bit / 8] ^= (char)(1 << bit % 8);
		}
		for (size_t cut = 1; cut < 9; cut++) {
			struct error err = { 0 };
			struct slice part = { blob.data, blob.len - cut };

			assert_null(segment_decode(&key, part, &err));
		}
	}
}

static void
bits_under_another_key_are_corrupt(void **state)
{
	static const uint16_t positions[] = { 1, 5, 9 };
	static const struct segment_key key = { SEGMENT_ACTOR, 7, 4096, 3 };
	static const struct segment_key others[] = {
		{ SEGMENT_SESSION, 7, 4096, 3 },
		{ SEGMENT_ACTOR, 6, 4096, 3 },
		{ SEGMENT_ACTOR, 7, 8192, 3 },
		{ SEGMENT_ACTOR, 7, 4096, 2 },
		{ SEGMENT_ACTOR, 7, 4096, 3 + PLAIN },
	};
	cleanup(buf_free) struct buf blob = BUF_INIT;

	(void)state;
	segment_encode(&key, positions, &blob);
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		struct error err = { 0 };

		assert_null(segment_decode(&others[i], buf_slice(&blob), &err));
		assert_int_equal(err.code, ERROR_CORRUPT);
	}
}

/* --- times -------------------------------------------------------------- */

static usec_t times[SEGMENT_BLOCK];

/* `count` times from `base` on, `span` apart at most; every tenth missing. */
static struct segment_block
make_times(uint32_t count, usec_t base, usec_t span)
{
	struct segment_block block = { .first = 65536,
		.size = SEGMENT_BLOCK,
		.min_time = UINT64_MAX,
		.recorded_at = base };

	for (uint32_t i = 0; i < count; i++) {
		times[i] = base + chance_below(&chance, span);
		if (i % 10 == 7) {
			times[i] = SEGMENT_NO_TIME;
			continue;
		}
		block.count++;
		if (times[i] < block.min_time)
			block.min_time = times[i];
		if (times[i] > block.max_time)
			block.max_time = times[i];
	}
	return block;
}

static const struct {
	usec_t base, span;
} spans[] = {
	{ 1795392000123456, 5000 },
	{ 1795392000000000, 90 * USEC_PER_DAY },
	{ 0, USEC_PER_HOUR },
	{ 1795392000123456, (usec_t)UINT32_MAX *USEC_PER_MSEC },
};

static void
times_read_back_in_milliseconds(void **state)
{
	(void)state;
	for (size_t s = 0; s < sizeof(spans) / sizeof(*spans); s++) {
		cleanup(buf_free) struct buf blob = BUF_INIT;
		struct segment_block block =
		    make_times(30000, spans[s].base, spans[s].span);
		struct segment_times read;
		struct error err = { 0 };

		segment_encode_times(&block, times, 30000, &blob);
		assert_int_equal(
		    segment_decode_times(&block, buf_slice(&blob), &read, &err),
		    0);
		assert_int_equal(read.count, 30000);
		for (size_t i = 0; i < 30000; i++)
			assert_int_equal(segment_time(&read, i),
			    times[i] == SEGMENT_NO_TIME ? SEGMENT_NO_TIME
							: times[i] / 1000);
	}
}

static void
check_ranges(
    const struct segment_block *block, uint32_t count, usec_t base, usec_t span)
{
	cleanup(buf_free) struct buf blob = BUF_INIT;
	struct segment_times read;
	struct error err = { 0 };

	segment_encode_times(block, times, count, &blob);
	assert_int_equal(
	    segment_decode_times(block, buf_slice(&blob), &read, &err), 0);
	for (int round = 0; round < 20; round++) {
		usec_t from = base + chance_below(&chance, span);
		usec_t to = from + chance_below(&chance, span);
		roaring_bitmap_t *sure = roaring_bitmap_create();
		roaring_bitmap_t *unsure = roaring_bitmap_create();

		if (round % 2 == 0)
			from -= from % 1000;
		if (round % 3 == 0)
			to -= to % 1000;
		segment_times_between(&read, from, to, sure, unsure);
		for (uint32_t i = 0; i < count; i++) {
			bool is_in = times[i] != SEGMENT_NO_TIME &&
				     times[i] >= from && times[i] < to;

			if (roaring_bitmap_contains(unsure, i))
				assert_true(times[i] / 1000 == from / 1000 ||
					    times[i] / 1000 == to / 1000);
			else
				assert_int_equal(
				    roaring_bitmap_contains(sure, i), is_in);
		}
		if (from % 1000 == 0 && to % 1000 == 0)
			assert_true(roaring_bitmap_is_empty(unsure));
		roaring_bitmap_free(sure);
		roaring_bitmap_free(unsure);
	}
}

static void
ranges_are_exact_but_for_a_cut_millisecond(void **state)
{
	(void)state;
	for (size_t s = 0; s < sizeof(spans) / sizeof(*spans); s++) {
		struct segment_block block =
		    make_times(5000, spans[s].base, spans[s].span);

		check_ranges(&block, 5000, spans[s].base, spans[s].span);
	}
}

/* As entries mostly come: each close to the one before, here and there one
 * missing. The first half rises, the second falls. */
static void
so_are_ranges_of_neighbours(void **state)
{
	(void)state;
	for (size_t s = 0; s < sizeof(spans) / sizeof(*spans); s++) {
		usec_t step = spans[s].span / 5000, time = spans[s].base;
		struct segment_block block = { .first = 65536,
			.size = SEGMENT_BLOCK,
			.min_time = time,
			.recorded_at = time };

		for (uint32_t i = 0; i < 5000; i++) {
			bool is_missing = i % 700 == 650;

			times[i] = is_missing ? SEGMENT_NO_TIME : time;
			if (time > block.max_time)
				block.max_time = time;
			block.count += !is_missing;
			usec_t change = chance_below(&chance, 4 * step + 1);
			if (i < 2500)
				time += change;
			else if (time - block.min_time > change)
				time -= change;
		}
		check_ranges(&block, 5000, spans[s].base, spans[s].span);
	}
}

static void
a_flipped_bit_in_times_or_their_row_is_corrupt(void **state)
{
	cleanup(buf_free) struct buf blob = BUF_INIT;
	struct segment_block block = make_times(100, spans[0].base, 5000);
	struct segment_block changed = block;
	struct segment_times read;
	struct error err = { 0 };

	(void)state;
	segment_encode_times(&block, times, 100, &blob);
	for (size_t bit = 0; bit < blob.len * 8; bit++) {
		blob.data[bit / 8] ^= (char)(1 << bit % 8);
		assert_int_equal(
		    segment_decode_times(&block, buf_slice(&blob), &read, &err),
		    -1);
		blob.data[bit / 8] ^= (char)(1 << bit % 8);
	}
	changed.min_time ^= 1;
	assert_int_equal(
	    segment_decode_times(&changed, buf_slice(&blob), &read, &err), -1);
	changed = block;
	changed.count ^= 1;
	assert_int_equal(
	    segment_decode_times(&changed, buf_slice(&blob), &read, &err), -1);
	for (size_t len = 0; len < 9; len++)
		assert_int_equal(
		    segment_decode_times(
			&block, (struct slice){ blob.data, len }, &read, &err),
		    -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bits_read_back_as_they_were_written),
		cmocka_unit_test(a_flipped_bit_anywhere_in_a_blob_is_corrupt),
		cmocka_unit_test(bits_under_another_key_are_corrupt),
		cmocka_unit_test(times_read_back_in_milliseconds),
		cmocka_unit_test(ranges_are_exact_but_for_a_cut_millisecond),
		cmocka_unit_test(so_are_ranges_of_neighbours),
		cmocka_unit_test(
		    a_flipped_bit_in_times_or_their_row_is_corrupt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
