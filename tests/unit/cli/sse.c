#include "cli/sse.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What on_event was given, one after another: "type|data|last id\n". */
struct seen {
	struct buf text;
	struct sse *sse;
	size_t wanted; /* events; then it ends the feeding */
	size_t count;
};

static bool
remember(void *context, const struct sse_event *event)
{
	struct seen *seen = context;

	buf_add_slice(&seen->text, event->type);
	buf_add_char(&seen->text, '|');
	buf_add_slice(&seen->text, event->data);
	buf_add_char(&seen->text, '|');
	buf_add_slice(&seen->text, buf_slice(&seen->sse->last_id));
	buf_add_char(&seen->text, '\n');
	return ++seen->count != seen->wanted;
}

static void
events_are_those_of_the_standard(void **state)
{
	static const struct {
		const char *stream, *events;
	} cases[] = {
		{ "data: one\n\n", "message|one|\n" },
		{ "data:one\n\n", "message|one|\n" },
		{ "data:  one\n\n", "message| one|\n" },
		{ "data: a\ndata: b\ndata\n\n", "message|a\nb\n|\n" },
		{ "id: 42\nevent: entry\ndata: {}\n\n", "entry|{}|42\n" },
		{ "id: 42\r\nevent: entry\r\ndata: {}\r\n\r\n",
		    "entry|{}|42\n" },
		{ "id: 42\revent: entry\rdata: {}\r\r", "entry|{}|42\n" },
		{ "id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n",
		    "message|a|1\nmessage|b|1\nmessage|c|\n" },
		{ ": comment\n\n:\n\ndata: x\n\n", "message|x|\n" },
		{ "\xef\xbb\xbf"
		  "data: x\n\n",
		    "message|x|\n" },
		{ "event: entry\n\ndata: x\n\n", "message|x|\n" },
		{ "unknown: y\ndata: x\nDATA: z\n\n", "message|x|\n" },
		{ "data: not ended\n", "" },
		{ "data: not ended", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		for (size_t step = 1; step < 12; step++) {
			struct sse sse = SSE_INIT;
			struct seen seen = { BUF_INIT, &sse, 0, 0 };
			struct slice rest = slice_of(cases[i].stream);
			struct error err = { 0 };

			while (rest.len > 0) {
				size_t piece =
				    rest.len < step ? rest.len : step;

				assert_int_equal(
				    sse_feed(&sse,
					(struct slice){ rest.data, piece },
					remember, &seen, &err),
				    1);
				rest.data += piece;
				rest.len -= piece;
			}
			assert_string_equal(seen.text.data, cases[i].events);
			buf_free(&seen.text);
			sse_free(&sse);
		}
	}
}

static void
a_new_connection_keeps_the_last_id_alone(void **state)
{
	struct sse sse = SSE_INIT;
	struct seen seen = { BUF_INIT, &sse, 0, 0 };
	struct error err = { 0 };

	(void)state;
	sse_feed(&sse,
	    SLICE_LITERAL("retry: 1500\nid: 7\ndata: a\n\nid: 8\ndata: b"),
	    remember, &seen, &err);
	sse_restart(&sse);
	assert_string_equal(sse.last_id.data, "7");
	assert_int_equal(sse.retry, 1500 * USEC_PER_MSEC);
	sse_feed(&sse, SLICE_LITERAL("data: c\n\n"), remember, &seen, &err);
	assert_string_equal(seen.text.data, "message|a|7\nmessage|c|7\n");
	buf_free(&seen.text);
	sse_free(&sse);
}

static void
what_is_no_time_is_no_retry(void **state)
{
	static const char *const lines[] = { "retry: \n", "retry: 1s\n",
		"retry: -1\n", "retry: 99999999999\n", "retry\n" };

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		struct sse sse = SSE_INIT;
		struct seen seen = { BUF_INIT, &sse, 0, 0 };
		struct error err = { 0 };

		sse_feed(&sse, slice_of(lines[i]), remember, &seen, &err);
		assert_int_equal(sse.retry, 0);
		sse_free(&sse);
	}
}

static void
the_reader_may_end_it(void **state)
{
	struct sse sse = SSE_INIT;
	struct seen seen = { BUF_INIT, &sse, 2, 0 };
	struct error err = { 0 };

	(void)state;
	assert_int_equal(
	    sse_feed(&sse, SLICE_LITERAL("data: a\n\ndata: b\n\ndata: c\n\n"),
		remember, &seen, &err),
	    0);
	assert_string_equal(seen.text.data, "message|a|\nmessage|b|\n");
	buf_free(&seen.text);
	sse_free(&sse);
}

static void
an_event_without_end_is_refused(void **state)
{
	static const char *const pieces[] = { "x", "data: x\n" };

	(void)state;
	for (size_t i = 0; i < COUNT(pieces); i++) {
		struct sse sse = SSE_INIT;
		struct seen seen = { BUF_INIT, &sse, 0, 0 };
		struct error err = { 0 };
		int result = 1;

		for (size_t n = 0; result == 1 && n <= SSE_EVENT_BYTES; n++)
			result = sse_feed(
			    &sse, slice_of(pieces[i]), remember, &seen, &err);
		assert_int_equal(result, -1);
		assert_int_equal(err.code, ERROR_TOO_LONG);
		sse_free(&sse);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_are_those_of_the_standard),
		cmocka_unit_test(a_new_connection_keeps_the_last_id_alone),
		cmocka_unit_test(what_is_no_time_is_no_retry),
		cmocka_unit_test(the_reader_may_end_it),
		cmocka_unit_test(an_event_without_end_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
