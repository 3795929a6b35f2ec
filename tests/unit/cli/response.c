#include "cli/response.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Feed `text` in pieces of `step` bytes, then the end of the connection. */
static int
feed(struct response *response, const char *text, size_t step, struct buf *body,
    struct error *err)
{
	size_t len = strlen(text);

	for (size_t at = 0; at < len; at += step) {
		size_t piece = len - at < step ? len - at : step;

		if (response_feed(response, (struct slice){ text + at, piece },
			body, err) == -1)
			return -1;
	}
	return response_end(response, err);
}

static void
answers_are_read_whatever_the_pieces(void **state)
{
	static const struct {
		const char *text;
		int status;
		const char *body;
		bool is_json;
	} cases[] = {
		{ "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200,
		    "hello", false },
		{ "HTTP/1.0 200 OK\r\n\r\nuntil the end", 200, "until the end",
		    false },
		{ "HTTP/1.1 204 No Content\r\n\r\n", 204, "", false },
		{ "HTTP/1.1 200\r\nContent-Length:0\r\n\r\n", 200, "", false },
		{ "HTTP/1.1 200 OK\nContent-Length: 2\n\nok", 200, "ok",
		    false },
		{ "HTTP/1.1 404 Not Found\r\n"
		  "content-type: application/problem+json\r\n"
		  "CONTENT-LENGTH:   2  \r\n\r\n{}",
		    404, "{}", true },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
		  "Content-Type: application/json; charset=utf-8\r\n\r\n"
		  "5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n",
		    200, "hello world", true },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		  "A\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n",
		    200, "0123456789", false },
		{ "HTTP/1.1 100 Continue\r\n\r\n"
		  "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
		    200, "x", false },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx more", 200,
		    "x", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		for (size_t step = 1; step < 70; step++) {
			struct response response = RESPONSE_INIT;
			struct buf body = BUF_INIT;
			struct error err = { 0 };

			assert_int_equal(
			    feed(&response, cases[i].text, step, &body, &err),
			    0);
			assert_int_equal(response.status, cases[i].status);
			assert_string_equal(body.data, cases[i].body);
			assert_int_equal(response.is_json, cases[i].is_json);
			response_free(&response);
			buf_free(&body);
		}
	}
}

static void
what_is_no_answer_is_refused(void **state)
{
	static const struct {
		const char *text;
		enum error_code code;
	} cases[] = {
		{ "", ERROR_UNREACHABLE },
		{ "HTTP/1.1 200 OK\r\nContent-", ERROR_UNREACHABLE },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
		    ERROR_UNREACHABLE },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n"
		  "hello\r\n",
		    ERROR_UNREACHABLE },
		{ "SSH-2.0-OpenSSH\r\n", ERROR_CORRUPT },
		{ "HTTP/2 200 OK\r\n\r\n", ERROR_CORRUPT },
		{ "HTTP/1.1 99 OK\r\n\r\n", ERROR_CORRUPT },
		{ "HTTP/1.1 2000 OK\r\n\r\n", ERROR_CORRUPT },
		{ "HTTP/1.1 200 OK\r\nno colon\r\n\r\n", ERROR_CORRUPT },
		{ "HTTP/1.1 200 OK\r\n: x\r\n\r\n", ERROR_CORRUPT },
		{ "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
		    ERROR_CORRUPT },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n"
		  "Content-Length: 2\r\n\r\nxx",
		    ERROR_CORRUPT },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
		    ERROR_CORRUPT },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		  "zz\r\n",
		    ERROR_CORRUPT },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		  "10000000000000000\r\n",
		    ERROR_CORRUPT },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		  "1\r\nxy\r\n",
		    ERROR_CORRUPT },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		for (size_t step = 1; step < 70; step += 23) {
			struct response response = RESPONSE_INIT;
			struct buf body = BUF_INIT;
			struct error err = { 0 };

			assert_int_equal(
			    feed(&response, cases[i].text, step, &body, &err),
			    -1);
			assert_int_equal(err.code, cases[i].code);
			response_free(&response);
			buf_free(&body);
		}
	}
}

static void
a_head_without_end_is_refused(void **state)
{
	struct response response = RESPONSE_INIT;
	struct buf body = BUF_INIT;
	struct error err = { 0 };
	const char *header = "X: y\r\n";
	int result;

	(void)state;
	result = response_feed(
	    &response, SLICE_LITERAL("HTTP/1.1 200 OK\r\n"), &body, &err);
	for (size_t i = 0; result == 0 && i < RESPONSE_HEAD_BYTES; i++)
		result =
		    response_feed(&response, slice_of(header), &body, &err);
	assert_int_equal(result, -1);
	assert_int_equal(err.code, ERROR_CORRUPT);
	response_free(&response);
	buf_free(&body);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_are_read_whatever_the_pieces),
		cmocka_unit_test(what_is_no_answer_is_refused),
		cmocka_unit_test(a_head_without_end_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
