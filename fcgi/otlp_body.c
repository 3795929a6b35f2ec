#include "fcgi/otlp_body.h"

#include <strings.h>
#include <zlib.h>

static const char *const types[OTLP_ENCODINGS] = {
	[OTLP_BODY_JSON] = "application/json",
	[OTLP_BODY_PROTOBUF] = "application/x-protobuf",
};

const char *
otlp_body_type(enum otlp_encoding encoding)
{
	return types[encoding];
}

/* Is `value` the word, in any letters, with or without parameters behind it? */
static bool
is_word(struct slice value, const char *word)
{
	size_t len = strlen(word);

	return value.len >= len && strncasecmp(value.data, word, len) == 0 &&
	       (value.len == len || value.data[len] == ';' ||
		   value.data[len] == ' ');
}

int
otlp_body_encoding(const struct request *req, enum otlp_encoding *ret_encoding,
    struct error *err)
{
	struct slice type = request_variable(req, "CONTENT_TYPE");

	for (size_t i = 0; i < OTLP_ENCODINGS; i++)
		if (is_word(type, types[i])) {
			*ret_encoding = (enum otlp_encoding)i;
			return 0;
		}
	return error_set(err, ERROR_INVALID,
	    "the body must be application/json or application/x-protobuf");
}

/* As much as one step makes room for. */
enum { STEP_BYTES = 256 << 10 };

/* What `stream` makes next of its input, into `out`. Returns zlib's word. */
static int
inflate_step(z_stream *stream, struct buf *out)
{
	size_t len = out->len;
	int result;

	buf_reserve(out, STEP_BYTES);
	stream->next_out = (Bytef *)out->data + len;
	stream->avail_out = STEP_BYTES;
	result = inflate(stream, Z_NO_FLUSH);
	buf_set_len(out, len + STEP_BYTES - stream->avail_out);
	return result;
}

static bool
is_too_much(const z_stream *stream, const struct buf *out)
{
	return out->len > OTLP_BODY_UNPACKED ||
	       (out->len > OTLP_BODY_TRUSTED &&
		   out->len / OTLP_BODY_RATIO > stream->total_in);
}

/* All of it. Returns 0 or a status, as otlp_body_unpack(). */
static int
inflate_all(z_stream *stream, struct buf *out, struct error *err)
{
	int result = Z_OK;

	while (result == Z_OK) {
		result = inflate_step(stream, out);
		if (is_too_much(stream, out)) {
			error_set(err, ERROR_TOO_LONG,
			    "the body becomes more than %d bytes, or more than "
			    "%d times as long",
			    OTLP_BODY_UNPACKED, OTLP_BODY_RATIO);
			return 413;
		}
	}
	if (result == Z_STREAM_END && stream->avail_in == 0)
		return 0;
	error_set(err, ERROR_INVALID,
	    result == Z_STREAM_END  ? "something follows what gzip packed"
	    : result == Z_BUF_ERROR ? "the body ends within what gzip packed"
				    : "the body is not packed by gzip");
	return 400;
}

static int
unpack(struct slice packed, struct buf *out, struct error *err)
{
	enum { GZIP_ALONE = 16 + MAX_WBITS };
	z_stream stream = {
		.next_in = (Bytef *)(uintptr_t)packed.data,
		.avail_in = (uInt)packed.len,
	};
	int status;

	if (inflateInit2(&stream, GZIP_ALONE) != Z_OK) {
		error_set(err, ERROR_BUSY, "gzip cannot be unpacked now");
		return 503;
	}
	status = inflate_all(&stream, out, err);
	inflateEnd(&stream);
	return status;
}

int
otlp_body_unpack(const struct request *req, struct buf *unpacked,
    struct slice *ret_body, struct error *err)
{
	struct slice packed = request_header(req, "Content-Encoding");
	int status;

	if (packed.len == 0 || is_word(packed, "identity")) {
		*ret_body = req->body;
		return 0;
	}
	if (!is_word(packed, "gzip")) {
		error_set(err, ERROR_INVALID,
		    "the body may be packed by gzip, and by nothing else");
		return 415;
	}
	status = unpack(req->body, unpacked, err);
	*ret_body = buf_slice(unpacked);
	return status;
}
