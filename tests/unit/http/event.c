#include "lib/http/event.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct buf out;

static int
setup(void **state)
{
	(void)state;
	buf_init(&out);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	buf_free(&out);
	return 0;
}

static void
an_event_has_id_name_and_data(void **state)
{
	(void)state;
	event_add(&out, 42, "entry", SLICE_LITERAL("{\"seq\":42}"));
	assert_string_equal(
	    out.data, "id: 42\nevent: entry\ndata: {\"seq\":42}\n\n");
}

static void
data_cannot_end_its_line_and_forge_a_field(void **state)
{
	(void)state;
	event_add(
	    &out, 1, "entry", SLICE_LITERAL("a\nid: 7\r\nevent: x\r\rb\n"));
	assert_string_equal(out.data,
	    "id: 1\nevent: entry\n"
	    "data: a\ndata: id: 7\ndata: event: x\ndata: \ndata: b\ndata: \n"
	    "\n");
}

static void
a_comment_and_a_delay_are_events_of_their_own(void **state)
{
	(void)state;
	event_add_comment(&out);
	event_add_retry(&out, 2500 * USEC_PER_MSEC);
	assert_string_equal(out.data, ":\n\nretry: 2500\n\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_event_has_id_name_and_data),
		TEST(data_cannot_end_its_line_and_forge_a_field),
		TEST(a_comment_and_a_delay_are_events_of_their_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
