#include "lib/http/record.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
content_stands_behind_its_length(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	record_add_stdout(&out, SLICE_LITERAL("hello"));
	assert_int_equal(out.len, 13);
	assert_memory_equal(out.data, "\1\6\0\1\0\5\0\0hello", 13);
	buf_free(&out);
}

static void
no_content_is_no_record(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	/* An empty FCGI_STDOUT would end the stream. */
	record_add_stdout(&out, SLICE_LITERAL(""));
	assert_int_equal(out.len, 0);
	buf_free(&out);
}

static void
long_content_becomes_several_records(void **state)
{
	struct buf content = BUF_INIT, out = BUF_INIT;

	(void)state;
	buf_add_chars(&content, 'x', RECORD_CONTENT_BYTES + 3);
	record_add_stdout(&out, buf_slice(&content));
	assert_int_equal(out.len, RECORD_CONTENT_BYTES + 3 + 16);
	assert_memory_equal(out.data, "\1\6\0\1\xff\xf8\0\0x", 9);
	assert_memory_equal(
	    out.data + 8 + RECORD_CONTENT_BYTES, "\1\6\0\1\0\3\0\0xxx", 11);
	buf_free(&content);
	buf_free(&out);
}

static void
the_end_is_an_empty_stdout_and_an_end_request(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	record_add_end(&out);
	assert_int_equal(out.len, 24);
	assert_memory_equal(
	    out.data, "\1\6\0\1\0\0\0\0\1\3\0\1\0\10\0\0\0\0\0\0\0\0\0\0", 24);
	buf_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(content_stands_behind_its_length),
		cmocka_unit_test(no_content_is_no_record),
		cmocka_unit_test(long_content_becomes_several_records),
		cmocka_unit_test(the_end_is_an_empty_stdout_and_an_end_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
