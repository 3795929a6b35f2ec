#include "lib/door/answer.c"

#include "base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct json_reader reader = JSON_READER_INIT;

static struct answer
parsed(const struct buf *line)
{
	struct answer answer;
	struct error err;
	struct slice text = { line->data, line->len - 1 };

	assert_int_equal(line->data[line->len - 1], '\n');
	if (answer_parse(&reader, text, &answer, &err) == -1)
		fail_msg("%s: %s", line->data, err.sentence);
	return answer;
}

static void
an_acceptance_says_count_seq_and_line(void **state)
{
	cleanup(buf_free) struct buf line = BUF_INIT;
	struct answer answer;

	(void)state;
	answer_add_accepted(&line, 3, 42, 7, false);
	assert_string_equal(
	    line.data, "{\"accepted\":3,\"seq\":42,\"line\":7}\n");
	answer = parsed(&line);
	assert_int_equal(answer.kind, ANSWER_ACCEPTED);
	assert_int_equal(answer.count, 3);
	assert_int_equal(answer.seq, 42);
	assert_int_equal(answer.line, 7);
	assert_false(answer.is_duplicate);
}

static void
a_duplicate_is_marked(void **state)
{
	cleanup(buf_free) struct buf line = BUF_INIT;

	(void)state;
	answer_add_accepted(&line, 1, 42, 7, true);
	assert_string_equal(line.data,
	    "{\"accepted\":1,\"seq\":42,\"line\":7,\"duplicate\":true}\n");
	assert_true(parsed(&line).is_duplicate);
}

static void
an_error_travels_with_code_field_and_sentence(void **state)
{
	cleanup(buf_free) struct buf line = BUF_INIT;
	struct answer answer;
	struct error sent, received;

	(void)state;
	error_set_field(&sent, ERROR_OUT_OF_RANGE, "status",
	    "status \"%s\" is not one", "\x01");
	answer_add_error(&line, 5, &sent);
	assert_string_equal(line.data,
	    "{\"error\":\"out_of_range\",\"line\":5,\"field\":\"status\","
	    "\"detail\":\"status \\\"\\u0001\\\" is not one\"}\n");
	answer = parsed(&line);
	assert_int_equal(answer.kind, ANSWER_ERROR);
	assert_int_equal(answer.line, 5);
	answer_to_error(&answer, &received);
	assert_int_equal(received.code, ERROR_OUT_OF_RANGE);
	assert_string_equal(received.field, "status");
	assert_string_equal(received.sentence, sent.sentence);
}

static void
an_error_without_a_field_has_none(void **state)
{
	cleanup(buf_free) struct buf line = BUF_INIT;
	struct answer answer;
	struct error sent, received;

	(void)state;
	error_set(&sent, ERROR_BAD_JSON, "x");
	answer_add_error(&line, 1, &sent);
	assert_string_equal(line.data,
	    "{\"error\":\"bad_json\",\"line\":1,\"detail\":\"x\"}\n");
	answer = parsed(&line);
	answer_to_error(&answer, &received);
	assert_string_equal(received.field, "");
}

static void
commands_answer_by_their_id(void **state)
{
	cleanup(buf_free) struct buf line = BUF_INIT;
	struct answer answer;
	struct error err;

	(void)state;
	answer_add_progress(&line, SLICE_LITERAL("r1"), 0.4);
	assert_string_equal(line.data, "{\"id\":\"r1\",\"progress\":0.400}\n");
	answer = parsed(&line);
	assert_int_equal(answer.kind, ANSWER_PROGRESS);
	assert_true(answer.progress > 0.39 && answer.progress < 0.41);

	buf_reset(&line);
	answer_add_ok(
	    &line, SLICE_LITERAL("r1"), SLICE_LITERAL("{\"erased\":2}"));
	assert_string_equal(
	    line.data, "{\"id\":\"r1\",\"ok\":{\"erased\":2}}\n");
	answer = parsed(&line);
	assert_int_equal(answer.kind, ANSWER_OK);
	assert_true(slice_is(answer.id, "r1"));
	assert_true(slice_is(answer.result, "{\"erased\":2}"));

	buf_reset(&line);
	error_set(&err, ERROR_NOT_FOUND, "no seq 9");
	answer_add_failed(&line, SLICE_LITERAL("r1"), &err);
	assert_string_equal(line.data,
	    "{\"id\":\"r1\",\"error\":\"not_found\",\"detail\":"
	    "\"no seq 9\"}\n");
	answer = parsed(&line);
	assert_int_equal(answer.kind, ANSWER_FAILED);
	answer_to_error(&answer, &err);
	assert_int_equal(err.code, ERROR_NOT_FOUND);
	assert_int_equal(err.wait_seconds, 0);

	buf_reset(&line);
	error_set_wait(&err, 30, "too many sign-ins");
	answer_add_failed(&line, SLICE_LITERAL("r1"), &err);
	assert_string_equal(line.data,
	    "{\"id\":\"r1\",\"error\":\"too_many\",\"detail\":"
	    "\"too many sign-ins\",\"wait\":30}\n");
	answer = parsed(&line);
	answer_to_error(&answer, &err);
	assert_int_equal(err.code, ERROR_TOO_MANY);
	assert_int_equal(err.wait_seconds, 30);

	buf_reset(&line);
	error_set_approval(
	    &err, SLICE_LITERAL("call-1"), "a person is to approve it");
	answer_add_failed(&line, SLICE_LITERAL("r1"), &err);
	assert_string_equal(line.data,
	    "{\"id\":\"r1\",\"error\":\"approval_required\",\"detail\":"
	    "\"a person is to approve it\",\"approval_id\":\"call-1\"}\n");
	answer = parsed(&line);
	memset(&err, 'x', sizeof(err));
	answer_to_error(&answer, &err);
	assert_int_equal(err.code, ERROR_APPROVAL_REQUIRED);
	assert_string_equal(err.approval_id, "call-1");
	assert_string_equal(err.sentence, "a person is to approve it");
}

static void
what_is_no_answer_is_corrupt(void **state)
{
	static const char *const lines[] = {
		"",
		"{",
		"[]",
		"{}",
		"{\"accepted\":3}",
		"{\"accepted\":0,\"seq\":1,\"line\":1}",
		"{\"accepted\":3,\"seq\":2,\"line\":3}",
		"{\"accepted\":3,\"seq\":9,\"line\":2}",
		"{\"accepted\":\"3\",\"seq\":9,\"line\":9}",
		"{\"accepted\":1,\"seq\":-1,\"line\":9}",
		"{\"accepted\":1,\"seq\":1.5,\"line\":9}",
		"{\"id\":\"r1\"}",
		"{\"id\":\"r1\",\"progress\":2}",
		"{\"id\":\"r1\",\"progress\":\"half\"}",
		"{\"id\":\"r1\",\"ok\":true}",
		"{\"id\":7,\"ok\":{}}",
		"{\"error\":7,\"line\":1}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		struct answer answer;
		struct error err = { 0 };

		if (answer_parse(&reader, slice_of(lines[i]), &answer, &err) ==
		    0)
			fail_msg("%s: taken", lines[i]);
		assert_int_equal(err.code, ERROR_CORRUPT);
	}
}

static void
a_later_daemon_may_say_more(void **state)
{
	struct answer answer;
	struct error err;

	(void)state;
	assert_int_equal(
	    answer_parse(&reader,
		SLICE_LITERAL("{\"error\":\"on_fire\",\"line\":3,\"new\":{}}"),
		&answer, &err),
	    0);
	answer_to_error(&answer, &err);
	assert_int_equal(err.code, ERROR_INVALID);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_acceptance_says_count_seq_and_line),
		cmocka_unit_test(a_duplicate_is_marked),
		cmocka_unit_test(an_error_travels_with_code_field_and_sentence),
		cmocka_unit_test(an_error_without_a_field_has_none),
		cmocka_unit_test(commands_answer_by_their_id),
		cmocka_unit_test(what_is_no_answer_is_corrupt),
		cmocka_unit_test(a_later_daemon_may_say_more),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	json_reader_free(&reader);
	return failed;
}
