#include "lib/http/ring.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct slice TEXT = { "id: 1\n\n", 7 };

static unsigned freed;

static void
count_freed(void *payload)
{
	free(payload);
	freed++;
}

static void
the_oldest_go_when_it_is_full(void **state)
{
	struct ring ring;
	size_t each;

	(void)state;
	freed = 0;
	ring_init(&ring, 10000, count_freed);
	ring.start_id = 100;
	each = ring_add(&ring, 101, memory_new(1), TEXT);
	for (uint64_t id = 102; id <= 2000; id++)
		ring_add(&ring, id, memory_new(1), TEXT);
	assert_int_equal(ring.end, 1900);
	assert_int_equal(ring.end - ring.first, 10000 / each);
	assert_int_equal(freed, ring.first);
	assert_int_equal(ring.start_id, 100 + ring.first);
	for (uint64_t number = ring.first; number < ring.end; number++)
		assert_int_equal(ring_at(&ring, number)->id, 101 + number);
	ring_free(&ring);
	assert_int_equal(freed, 1900);
}

static void
one_that_is_larger_than_the_ring_is_kept(void **state)
{
	struct buf text = BUF_INIT;
	struct ring ring;

	(void)state;
	ring_init(&ring, 1000, NULL);
	ring_add(&ring, 1, NULL, TEXT);
	buf_add_chars(&text, 'x', 200000);
	ring_add(&ring, 2, NULL, buf_slice(&text));
	assert_int_equal(ring.end - ring.first, 1);
	assert_int_equal(ring_at(&ring, ring.first)->id, 2);
	assert_in_range(ring_at(&ring, ring.first)->len, 200000, 200100);
	ring_free(&ring);
	buf_free(&text);
}

static void
what_is_held_outlives_its_place_in_the_ring(void **state)
{
	struct ring ring;
	struct ring_event *held;

	(void)state;
	ring_init(&ring, 1, NULL); /* it holds the newest alone */
	ring_add(&ring, 1, NULL, TEXT);
	held = ring_hold(&ring, 0);
	assert_ptr_equal(ring_hold(&ring, 0), held);
	ring_add(&ring, 2, NULL, TEXT);
	assert_int_equal(ring.first, 1);
	assert_int_equal(held->id, 1);
	assert_int_equal(ring.held_bytes, weight(held));
	ring_release(&ring, held);
	assert_int_equal(ring.held_bytes, weight(held));
	ring_release(&ring, held);
	assert_int_equal(ring.held_bytes, 0);

	held = ring_hold(&ring, 1); /* it may be let go while it is there */
	ring_release(&ring, held);
	assert_int_equal(ring_at(&ring, 1)->id, 2);
	ring_free(&ring);
}

static void
a_place_is_found_behind_an_id_and_its_comments(void **state)
{
	static const uint64_t ids[] = { 10, 11, 11, 11, 20, 21, 21 };
	static const struct {
		uint64_t id, number;
	} cases[] = {
		{ 0, 0 },
		{ 9, 0 },
		{ 10, 1 },
		{ 11, 4 },
		{ 15, 4 },
		{ 20, 5 },
		{ 21, 7 },
		{ 99, 7 },
	};
	struct ring ring;

	(void)state;
	ring_init(&ring, 100000, NULL);
	assert_int_equal(ring_number_after(&ring, 5), 0);
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		ring_add(&ring, ids[i], NULL, TEXT);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(
		    ring_number_after(&ring, cases[i].id), cases[i].number);
	ring_free(&ring);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_oldest_go_when_it_is_full),
		cmocka_unit_test(one_that_is_larger_than_the_ring_is_kept),
		cmocka_unit_test(what_is_held_outlives_its_place_in_the_ring),
		cmocka_unit_test(
		    a_place_is_found_behind_an_id_and_its_comments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
