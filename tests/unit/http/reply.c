#include "lib/http/reply.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A client that keeps what it gets, until it hangs up. */
struct client {
	struct reply_sink sink;
	struct buf got;
	bool gone;
	bool is_through; /* the last bytes have come */
};

static int
client_write(struct reply_sink *sink, struct slice first, struct slice second,
    bool is_last)
{
	struct client *client = (struct client *)sink;

	if (client->gone)
		return -1;
	assert_false(client->is_through);
	client->is_through = is_last;
	buf_add_slice(&client->got, first);
	buf_add_slice(&client->got, second);
	return 0;
}

struct fixture {
	struct arena arena;
	struct client client;
	struct reply reply;
	struct error err;
};

static int
setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof(*f));

	f->client.sink.write = client_write;
	buf_init(&f->client.got);
	reply_init(&f->reply);
	reply_begin(&f->reply, &f->arena, &f->client.sink, false);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	reply_free(&f->reply);
	buf_free(&f->client.got);
	arena_free(&f->arena);
	test_free(f);
	return 0;
}

static const struct slice NO_TAG = { NULL, 0 };

static void
a_body_has_its_length_and_is_not_stored(void **state)
{
	struct fixture *f = *state;

	json_writer_object(f->reply.json);
	json_writer_pair_u64(f->reply.json, "total", 3);
	json_writer_end_object(f->reply.json);
	reply_header(&f->reply, "X-Number", "%d", 7);
	assert_int_equal(reply_finish(&f->reply, 200, &f->err, NO_TAG), 200);
	assert_string_equal(f->client.got.data,
	    "Status: 200 OK\r\n"
	    "Content-Type: application/json\r\n"
	    "Content-Length: 11\r\n"
	    "Cache-Control: no-store\r\n"
	    "X-Number: 7\r\n"
	    "\r\n"
	    "{\"total\":3}");
}

static void
head_has_the_headers_of_get(void **state)
{
	struct fixture *f = *state;

	reply_begin(&f->reply, &f->arena, &f->client.sink, true);
	buf_add_str(&f->reply.body, "four");
	reply_type(&f->reply, "text/plain");
	reply_finish(&f->reply, 200, &f->err, NO_TAG);
	assert_string_equal(f->client.got.data, "Status: 200 OK\r\n"
						"Content-Type: text/plain\r\n"
						"Content-Length: 4\r\n"
						"Cache-Control: no-store\r\n"
						"\r\n");
}

static void
an_etag_that_the_client_has_is_304(void **state)
{
	struct fixture *f = *state;

	reply_kept(&f->reply, SLICE_LITERAL("kept"));
	reply_etag(&f->reply, "%d-%d", 4, 2);
	reply_cache(&f->reply, "no-cache");
	assert_int_equal(reply_finish(&f->reply, 200, &f->err,
			     SLICE_LITERAL("\"4-1\", W/\"4-2\"")),
	    304);
	assert_string_equal(f->client.got.data, "Status: 304 Not Modified\r\n"
						"ETag: \"4-2\"\r\n"
						"Cache-Control: no-cache\r\n"
						"\r\n");
}

static void
tags_are_compared_weakly(void **state)
{
	static const struct {
		const char *header;
		bool matches;
	} cases[] = {
		{ "\"a\"", true },
		{ "W/\"a\"", true },
		{ "*", true },
		{ "\"b\",\"a\"", true },
		{ "\"b\" , W/\"c\" ,\t\"a\"", true },
		{ "", false },
		{ "a", false },
		{ "\"b\"", false },
		{ "\"ab\"", false },
		{ "\"b", false },
		{ "\"x\"a\"", false },
		{ ",,,", false },
		{ "W/", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (reply_etag_matches(slice_of(cases[i].header), "\"a\"") !=
		    cases[i].matches)
			fail_msg("%s", cases[i].header);
	assert_false(reply_etag_matches(NO_TAG, "\"a\""));
}

static void
an_error_becomes_a_problem(void **state)
{
	struct fixture *f = *state;

	buf_add_str(&f->reply.body, "{\"half\":");
	reply_etag(&f->reply, "1");
	error_set_field(&f->err, ERROR_OUT_OF_RANGE, "limit",
	    "limit must be a whole number from 1 to 200");
	assert_int_equal(reply_finish(&f->reply, 400, &f->err, NO_TAG), 400);
	assert_string_equal(f->client.got.data,
	    "Status: 400 Bad Request\r\n"
	    "Content-Type: application/problem+json\r\n"
	    "Content-Length: 132\r\n"
	    "Cache-Control: no-store\r\n"
	    "\r\n"
	    "{\"type\":\"about:blank\",\"title\":\"Bad Request\","
	    "\"status\":400,"
	    "\"detail\":\"limit must be a whole number from 1 to 200\","
	    "\"parameter\":\"limit\"}\n");
}

static void
an_own_error_can_be_concealed_and_others_not(void **state)
{
	struct fixture *f = *state;

	reply_conceal(&f->reply, "not now");
	error_set_field(&f->err, ERROR_SYSTEM, "path", "/run/x.db: no file");
	assert_int_equal(reply_finish(&f->reply, 503, &f->err, NO_TAG), 503);
	assert_non_null(strstr(
	    f->client.got.data, "\"status\":503,\"detail\":\"not now\"}\n"));
	assert_string_equal(f->err.sentence, "/run/x.db: no file");

	f->client.is_through = false;
	reply_begin(&f->reply, &f->arena, &f->client.sink, false);
	reply_conceal(&f->reply, "not now");
	reply_finish(&f->reply, 400, &f->err, NO_TAG);
	assert_non_null(strstr(f->client.got.data, "/run/x.db"));

	/* Nor does it last. */
	f->client.is_through = false;
	buf_reset(&f->client.got);
	reply_begin(&f->reply, &f->arena, &f->client.sink, false);
	reply_finish(&f->reply, 503, &f->err, NO_TAG);
	assert_non_null(strstr(f->client.got.data, "/run/x.db"));
}

static void
a_status_alone_is_a_problem_too(void **state)
{
	struct fixture *f = *state;

	reply_finish(&f->reply, 503, &f->err, NO_TAG);
	assert_non_null(strstr(f->client.got.data,
	    "\r\n\r\n{\"type\":\"about:blank\",\"title\":"
	    "\"Service Unavailable\",\"status\":503}\n"));
}

static void
a_body_of_its_own_stands_beside_a_503(void **state)
{
	struct fixture *f = *state;

	buf_add_str(&f->reply.body, "{\"status\":\"unhealthy\"}");
	reply_finish(&f->reply, 503, &f->err, NO_TAG);
	assert_non_null(
	    strstr(f->client.got.data, "Content-Type: application/json\r\n"));
	assert_non_null(
	    strstr(f->client.got.data, "\r\n\r\n{\"status\":\"unhealthy\"}"));
}

static void
pieces_follow_one_head(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(
	    reply_write(&f->reply, SLICE_LITERAL("one"), &f->err), 0);
	assert_int_equal(
	    reply_write(&f->reply, SLICE_LITERAL("two"), &f->err), 0);
	assert_int_equal(reply_finish(&f->reply, 200, &f->err, NO_TAG), 200);
	assert_false(f->reply.broken);
	assert_string_equal(f->client.got.data,
	    "Status: 200 OK\r\n"
	    "Content-Type: application/json\r\n"
	    "Cache-Control: no-store\r\n"
	    "\r\n"
	    "onetwo");
}

static void
an_error_after_the_first_piece_breaks_the_connection(void **state)
{
	struct fixture *f = *state;

	reply_write(&f->reply, SLICE_LITERAL("one"), &f->err);
	error_set(&f->err, ERROR_CORRUPT, "a line is damaged");
	assert_int_equal(reply_finish(&f->reply, 500, &f->err, NO_TAG), 500);
	assert_true(f->reply.broken);
	assert_null(strstr(f->client.got.data, "damaged"));
}

static void
writing_to_one_who_left_fails(void **state)
{
	struct fixture *f = *state;

	f->client.gone = true;
	assert_int_equal(
	    reply_write(&f->reply, SLICE_LITERAL("one"), &f->err), -1);
	assert_int_equal(f->err.code, ERROR_UNREACHABLE);
	assert_true(f->reply.broken);
}

static void
head_ends_a_body_of_pieces_at_the_first(void **state)
{
	struct fixture *f = *state;

	reply_begin(&f->reply, &f->arena, &f->client.sink, true);
	assert_int_equal(
	    reply_write(&f->reply, SLICE_LITERAL("one"), &f->err), -1);
	assert_int_equal(reply_finish(&f->reply, 500, &f->err, NO_TAG), 200);
	assert_false(f->reply.broken);
	assert_null(strstr(f->client.got.data, "one"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_body_has_its_length_and_is_not_stored),
		TEST(head_has_the_headers_of_get),
		TEST(an_etag_that_the_client_has_is_304),
		cmocka_unit_test(tags_are_compared_weakly),
		TEST(an_error_becomes_a_problem),
		TEST(an_own_error_can_be_concealed_and_others_not),
		TEST(a_status_alone_is_a_problem_too),
		TEST(a_body_of_its_own_stands_beside_a_503),
		TEST(pieces_follow_one_head),
		TEST(an_error_after_the_first_piece_breaks_the_connection),
		TEST(writing_to_one_who_left_fails),
		TEST(head_ends_a_body_of_pieces_at_the_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
