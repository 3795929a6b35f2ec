#include "lib/base/arena.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"

static void
pieces_are_zeroed_aligned_and_apart(void **state)
{
	cleanup(arena_free) struct arena arena = ARENA_INIT;
	unsigned char *pieces[300];

	(void)state;
	for (size_t i = 0; i < 300; i++) {
		pieces[i] = arena_alloc(&arena, i);
		assert_int_equal(
		    (uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
		for (size_t j = 0; j < i; j++)
			assert_int_equal(pieces[i][j], 0);
		memset(pieces[i], (int)(i & 0xff), i);
	}
	for (size_t i = 0; i < 300; i++)
		for (size_t j = 0; j < i; j++)
			assert_int_equal(pieces[i][j], i & 0xff);
	assert_int_equal(arena.total_bytes, 300 * 299 / 2);
}

static void
a_piece_may_be_larger_than_any_block(void **state)
{
	cleanup(arena_free) struct arena arena = ARENA_INIT;
	size_t size = 3 * (size_t)LARGEST_USUAL_BLOCK;
	char *large = arena_alloc(&arena, size);
	char *small = arena_alloc(&arena, 1);

	(void)state;
	memset(large, 'x', size);
	assert_int_equal(*small, 0);
}

static void
copies_end_in_nul(void **state)
{
	cleanup(arena_free) struct arena arena = ARENA_INIT;
	struct slice slice = arena_slice(&arena, SLICE_LITERAL("two"));
	struct slice none = arena_slice(&arena, (struct slice){ NULL, 0 });
	struct slice empty = arena_slice(&arena, (struct slice){ "", 0 });

	(void)state;
	assert_string_equal(arena_copy(&arena, "onetwo", 3), "one");
	assert_string_equal(slice.data, "two");
	assert_int_equal(slice.len, 3);
	assert_null(none.data);
	assert_non_null(empty.data);
	assert_string_equal(arena_printf(&arena, "%s-%d", "a", 5), "a-5");
}

static void
reset_keeps_the_largest_block_and_zeroes_again(void **state)
{
	cleanup(arena_free) struct arena arena = ARENA_INIT;
	size_t largest;
	char *piece;

	(void)state;
	arena_reset(&arena);
	for (int i = 0; i < 100; i++)
		memset(arena_alloc(&arena, 1000), 'x', 1000);
	memset(arena_alloc(&arena, 200000), 'x', 200000);
	arena_alloc(&arena, 300000);
	largest = arena.block->size;
	arena_reset(&arena);
	assert_int_equal(arena.total_bytes, 0);
	assert_non_null(arena.block);
	assert_null(arena.block->previous);
	assert_int_equal(arena.block->size, largest);
	piece = arena_alloc(&arena, 200000);
	for (size_t i = 0; i < 200000; i++)
		assert_int_equal(piece[i], 0);
}

static void
arrays_are_zeroed(void **state)
{
	cleanup(arena_free) struct arena arena = ARENA_INIT;
	uint64_t *numbers = arena_array(&arena, 100, sizeof(numbers[0]));

	(void)state;
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(numbers[i], 0);
}

static void
an_array_grows_and_keeps_what_it_has(void **state)
{
	cleanup(arena_free) struct arena arena = ARENA_INIT;
	uint64_t *numbers = NULL;
	size_t moves = 0;

	(void)state;
	for (size_t i = 0; i < 1000; i++) {
		uint64_t *before = numbers;

		numbers = arena_grow(&arena, numbers, i, sizeof(numbers[0]));
		moves += numbers != before;
		assert_int_equal(numbers[i], 0);
		numbers[i] = i + 1;
	}
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(numbers[i], i + 1);
	assert_int_equal(moves, 7); /* 16, 32 … 1,024 */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_are_zeroed_aligned_and_apart),
		cmocka_unit_test(a_piece_may_be_larger_than_any_block),
		cmocka_unit_test(copies_end_in_nul),
		cmocka_unit_test(
		    reset_keeps_the_largest_block_and_zeroes_again),
		cmocka_unit_test(arrays_are_zeroed),
		cmocka_unit_test(an_array_grows_and_keeps_what_it_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
