/* fcgi/otlp_body.c: what a body is, and what gzip makes of it. */
#include "fcgi/otlp_body.c"

#include "base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct request
request_with(char **variables, struct slice body)
{
	return (struct request){ .variables = variables, .body = body };
}

static void
the_type_decides_in_any_letters(void **state)
{
	static const struct {
		char *type;
		int encoding; /* -1: none */
	} cases[] = {
		{ "CONTENT_TYPE=application/json", OTLP_BODY_JSON },
		{ "CONTENT_TYPE=Application/JSON; charset=utf-8",
		    OTLP_BODY_JSON },
		{ "CONTENT_TYPE=application/x-protobuf", OTLP_BODY_PROTOBUF },
		{ "CONTENT_TYPE=application/x-protobuf;x", OTLP_BODY_PROTOBUF },
		{ "CONTENT_TYPE=application/jsonl", -1 },
		{ "CONTENT_TYPE=application/protobuf", -1 },
		{ "CONTENT_TYPE=text/plain", -1 },
		{ "CONTENT_TYPE=", -1 },
		{ "OTHER=application/json", -1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char *variables[] = { cases[i].type, NULL };
		struct request req = request_with(variables, SLICE_LITERAL(""));
		enum otlp_encoding encoding;
		struct error err = { 0 };

		if (cases[i].encoding == -1) {
			assert_int_equal(
			    otlp_body_encoding(&req, &encoding, &err), -1);
			continue;
		}
		assert_int_equal(otlp_body_encoding(&req, &encoding, &err), 0);
		assert_int_equal(encoding, cases[i].encoding);
	}
}

static void
pack(struct slice text, struct buf *out)
{
	z_stream stream = {
		.next_in = (Bytef *)(uintptr_t)text.data,
		.avail_in = (uInt)text.len,
	};

	assert_int_equal(deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED,
			     16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY),
	    Z_OK);
	buf_reserve(out, deflateBound(&stream, text.len));
	stream.next_out = (Bytef *)out->data;
	stream.avail_out = (uInt)deflateBound(&stream, text.len);
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	buf_set_len(out, stream.total_out);
	deflateEnd(&stream);
}

/* The status, and what comes of it into `out`. */
static int
unpack_as(char *encoding, struct slice body, struct buf *out)
{
	char *variables[] = { encoding, NULL };
	struct request req = request_with(variables, body);
	struct slice found = { NULL, 0 };
	struct error err = { 0 };
	int status = otlp_body_unpack(&req, out, &found, &err);

	assert_int_equal(status != 0, err.sentence[0] != '\0');
	if (status == 0 && found.data != out->data) {
		assert_ptr_equal(found.data, body.data);
		buf_reset(out);
		buf_add_slice(out, found);
	}
	return status;
}

static char gzip[] = "HTTP_CONTENT_ENCODING=gzip";

static void
what_was_packed_is_unpacked(void **state)
{
	static char *const as_it_is[] = { "HTTP_CONTENT_ENCODING=identity",
		"HTTP_CONTENT_ENCODING=", "HTTP_OTHER=gzip" };
	cleanup(buf_free) struct buf text = BUF_INIT, packed = BUF_INIT,
				     found = BUF_INIT;

	(void)state;
	for (int i = 0; i < 100000; i++)
		buf_addf(&text, "%d;", i * 7919);
	pack(buf_slice(&text), &packed);
	assert_int_equal(unpack_as(gzip, buf_slice(&packed), &found), 0);
	assert_true(slice_equal(buf_slice(&found), buf_slice(&text)));
	for (size_t i = 0; i < COUNT(as_it_is); i++) {
		buf_reset(&found);
		assert_int_equal(
		    unpack_as(as_it_is[i], SLICE_LITERAL("abc"), &found), 0);
		assert_string_equal(found.data, "abc");
	}
}

static void
what_is_broken_or_packed_otherwise_is_refused(void **state)
{
	cleanup(buf_free) struct buf packed = BUF_INIT, found = BUF_INIT;

	(void)state;
	pack(SLICE_LITERAL("some text, some text, some text"), &packed);
	for (size_t len = 0; len < packed.len; len++) {
		buf_reset(&found);
		assert_int_equal(
		    unpack_as(gzip, (struct slice){ packed.data, len }, &found),
		    400);
	}
	buf_reset(&found);
	buf_add_char(&packed, 'x');
	assert_int_equal(unpack_as(gzip, buf_slice(&packed), &found), 400);
	buf_reset(&found);
	assert_int_equal(
	    unpack_as(gzip, SLICE_LITERAL("no gzip at all"), &found), 400);
	assert_int_equal(
	    unpack_as("HTTP_CONTENT_ENCODING=br", SLICE_LITERAL("x"), &found),
	    415);
	assert_int_equal(unpack_as("HTTP_CONTENT_ENCODING=gzip, gzip",
			     SLICE_LITERAL("x"), &found),
	    415);
}

/* Of few bytes many, and many of many. */
static void
what_becomes_too_much_is_refused(void **state)
{
	cleanup(buf_free) struct buf text = BUF_INIT, packed = BUF_INIT,
				     found = BUF_INIT;

	(void)state;
	buf_add_chars(&text, ' ', OTLP_BODY_UNPACKED);
	pack(buf_slice(&text), &packed);
	assert_int_equal(unpack_as(gzip, buf_slice(&packed), &found), 413);
	assert_in_range(found.len, 0, 2 * OTLP_BODY_TRUSTED);

	buf_reset(&text);
	while (text.len <= OTLP_BODY_UNPACKED)
		buf_addf(&text, "%zu,", text.len);
	buf_reset(&packed);
	pack(buf_slice(&text), &packed);
	buf_reset(&found);
	assert_int_equal(unpack_as(gzip, buf_slice(&packed), &found), 413);
	assert_in_range(
	    found.len, OTLP_BODY_UNPACKED, OTLP_BODY_UNPACKED + STEP_BYTES);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_type_decides_in_any_letters),
		cmocka_unit_test(what_was_packed_is_unpacked),
		cmocka_unit_test(what_is_broken_or_packed_otherwise_is_refused),
		cmocka_unit_test(what_becomes_too_much_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
