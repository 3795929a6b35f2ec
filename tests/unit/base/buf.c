#include "lib/base/buf.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"

static void
an_empty_buf_is_a_string_and_owns_nothing(void **state)
{
	struct buf buf = BUF_INIT;

	(void)state;
	assert_string_equal(buf.data, "");
	assert_int_equal(buf.len, 0);
	assert_int_equal(buf.capacity, 0);
	buf_add(&buf, NULL, 0);
	buf_consume(&buf, 0);
	buf_reset(&buf);
	assert_int_equal(buf.capacity, 0);
	buf_free(&buf);
	buf_free(&buf);
}

static void
what_is_added_stands_there_with_a_nul_behind(void **state)
{
	cleanup(buf_free) struct buf buf = BUF_INIT;

	(void)state;
	buf_add_str(&buf, "one");
	buf_add_char(&buf, ' ');
	buf_add_slice(&buf, SLICE_LITERAL("two"));
	buf_add_chars(&buf, '.', 3);
	buf_add_hex(&buf, "\x00\xff\x1a", 3);
	buf_add_char(&buf, ' ');
	buf_add_u64(&buf, 0);
	buf_add_u64(&buf, UINT64_MAX);
	assert_string_equal(buf.data, "one two...00ff1a 018446744073709551615");
	assert_int_equal(buf.len, strlen(buf.data));
}

static void
bytes_may_be_nul(void **state)
{
	cleanup(buf_free) struct buf buf = BUF_INIT;

	(void)state;
	buf_add(&buf, "a\0b", 3);
	assert_true(slice_equal(buf_slice(&buf), SLICE_LITERAL("a\0b")));
}

/* A buf whose memory is not given back, so that a test may look at it. */
static void
what_is_wiped_is_nowhere_and_the_buf_is_empty(void **state)
{
	char kept[16] = "krx_link_secret";
	struct buf buf = { kept, 8, sizeof(kept) };

	(void)state;
	wipe_bytes(&buf);
	for (size_t i = 0; i < sizeof(kept); i++)
		assert_int_equal(kept[i], 0);
	buf_init(&buf);
	buf_add_str(&buf, "a secret");
	buf_wipe(&buf);
	assert_int_equal(buf.capacity, 0);
	buf_wipe(&buf);
	assert_string_equal(buf.data, "");
}

static void
it_grows_byte_by_byte_without_losing_any(void **state)
{
	cleanup(buf_free) struct buf buf = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < 100000; i++)
		buf_add_char(&buf, (char)('a' + i % 26));
	assert_int_equal(buf.len, 100000);
	for (size_t i = 0; i < buf.len; i++)
		assert_int_equal(buf.data[i], 'a' + (int)(i % 26));
	assert_in_range(buf.capacity, 100001, 400000);
}

static void
reserved_room_is_filled_by_hand_without_moving(void **state)
{
	cleanup(buf_free) struct buf buf = BUF_INIT;
	char *data;

	(void)state;
	buf_add_str(&buf, "x");
	buf_reserve(&buf, 1000);
	data = buf.data;
	memset(buf.data + 1, 'y', 1000);
	buf_set_len(&buf, 1001);
	assert_ptr_equal(buf.data, data);
	assert_int_equal(buf.data[1001], '\0');
	assert_true(buf.capacity > 1001);
}

static void
formats_of_every_length_fit(void **state)
{
	cleanup(buf_free) struct buf buf = BUF_INIT;
	size_t expected = 0;

	(void)state;
	for (int width = 1; width < 300; width++) {
		buf_addf(&buf, "%*d", width, 7);
		expected += (size_t)width;
		assert_int_equal(buf.len, expected);
		assert_int_equal(buf.data[buf.len - 1], '7');
		assert_int_equal(buf.data[buf.len], '\0');
	}
}

static void
consume_moves_the_rest_to_the_front(void **state)
{
	cleanup(buf_free) struct buf buf = BUF_INIT;

	(void)state;
	buf_add_str(&buf, "line one\nline two");
	buf_consume(&buf, strlen("line one\n"));
	assert_string_equal(buf.data, "line two");
	buf_consume(&buf, buf.len);
	assert_string_equal(buf.data, "");
}

static void
detach_hands_the_memory_over(void **state)
{
	struct buf buf = BUF_INIT;
	cleanup(cleanup_free) char *text = NULL;
	cleanup(cleanup_free) char *empty = NULL;

	(void)state;
	buf_add_str(&buf, "mine");
	text = buf_detach(&buf);
	assert_string_equal(text, "mine");
	assert_int_equal(buf.capacity, 0);
	empty = buf_detach(&buf);
	assert_string_equal(empty, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_buf_is_a_string_and_owns_nothing),
		cmocka_unit_test(what_is_added_stands_there_with_a_nul_behind),
		cmocka_unit_test(bytes_may_be_nul),
		cmocka_unit_test(what_is_wiped_is_nowhere_and_the_buf_is_empty),
		cmocka_unit_test(it_grows_byte_by_byte_without_losing_any),
		cmocka_unit_test(
		    reserved_room_is_filled_by_hand_without_moving),
		cmocka_unit_test(formats_of_every_length_fit),
		cmocka_unit_test(consume_moves_the_rest_to_the_front),
		cmocka_unit_test(detach_hands_the_memory_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
