#include "cli/response.h"

#include "base/number.h"

#include <ctype.h>
#include <strings.h>

void
response_free(struct response *response)
{
	buf_free(&response->line);
}

static int
response_bad(struct error *err, const char *what)
{
	return error_set(
	    err, ERROR_CORRUPT, "not an HTTP answer: bad %s", what);
}

/* "HTTP/1.1 200 OK" */
static int
response_status_line(
    struct response *response, struct slice line, struct error *err)
{
	uint64_t status;

	if (line.len < 12 ||
	    !slice_starts_with(line, SLICE_LITERAL("HTTP/1.")) ||
	    line.data[8] != ' ' ||
	    number_parse_u64(
		(struct slice){ line.data + 9, 3 }, 100, 599, &status) == -1 ||
	    (line.len > 12 && line.data[12] != ' '))
		return response_bad(err, "status line");
	response->status = (int)status;
	response->state = RESPONSE_HEADERS;
	return 0;
}

static struct slice
response_trim(struct slice text)
{
	while (text.len > 0 && (*text.data == ' ' || *text.data == '\t')) {
		text.data++;
		text.len--;
	}
	while (text.len > 0 && (text.data[text.len - 1] == ' ' ||
				   text.data[text.len - 1] == '\t'))
		text.len--;
	return text;
}

static bool
response_is(struct slice text, const char *word)
{
	return text.len == strlen(word) &&
	       strncasecmp(text.data, word, text.len) == 0;
}

static bool
response_begins(struct slice text, const char *word)
{
	return text.len >= strlen(word) &&
	       strncasecmp(text.data, word, strlen(word)) == 0;
}

static int
response_length_header(
    struct response *response, struct slice value, struct error *err)
{
	uint64_t length;

	if (number_parse_u64(value, 0, UINT64_MAX, &length) == -1 ||
	    (response->has_length && length != response->left))
		return response_bad(err, "Content-Length");
	response->has_length = true;
	response->left = length;
	return 0;
}

static int
response_header(struct response *response, struct slice line, struct error *err)
{
	const char *colon = memchr(line.data, ':', line.len);
	struct slice name, value;

	if (colon == NULL || colon == line.data)
		return response_bad(err, "header");
	name = (struct slice){ line.data, (size_t)(colon - line.data) };
	value =
	    response_trim((struct slice){ colon + 1, line.len - name.len - 1 });
	if (response_is(name, "Content-Length"))
		return response_length_header(response, value, err);
	if (response_is(name, "Transfer-Encoding")) {
		if (!response_is(value, "chunked"))
			return response_bad(err, "Transfer-Encoding");
		response->is_chunked = true;
	}
	if (response_is(name, "Content-Type"))
		response->is_json =
		    response_begins(value, "application/json") ||
		    response_begins(value, "application/problem+json");
	return 0;
}

/* The empty line behind the headers: what follows? */
static void
response_head_ends(struct response *response)
{
	if (response->status < 200) {
		response->state = RESPONSE_STATUS_LINE;
		response->has_length = response->is_chunked = false;
	} else if (response->status == 204 || response->status == 304) {
		response->state = RESPONSE_COMPLETE;
	} else if (response->is_chunked) {
		response->state = RESPONSE_CHUNK_SIZE;
	} else if (!response->has_length) {
		response->state = RESPONSE_UNTIL_END;
	} else {
		response->state =
		    response->left > 0 ? RESPONSE_LENGTH : RESPONSE_COMPLETE;
	}
	response->head_bytes = 0;
}

/* "1f; extension" */
static int
response_chunk_size(
    struct response *response, struct slice line, struct error *err)
{
	uint64_t size = 0;
	size_t at = 0;

	for (; at < line.len && isxdigit((unsigned char)line.data[at]); at++) {
		int digit = tolower((unsigned char)line.data[at]);

		if (size > UINT64_MAX >> 4)
			return response_bad(err, "chunk size");
		size = size << 4 | (uint64_t)(digit <= '9' ? digit - '0'
							   : digit - 'a' + 10);
	}
	if (at == 0 ||
	    (at < line.len && line.data[at] != ';' && line.data[at] != ' '))
		return response_bad(err, "chunk size");
	response->left = size;
	response->state = size > 0 ? RESPONSE_CHUNK : RESPONSE_TRAILERS;
	response->head_bytes = 0;
	return 0;
}

/* A whole line, without its end. */
static int
response_line(struct response *response, struct slice line, struct error *err)
{
	switch (response->state) {
	case RESPONSE_STATUS_LINE:
		return response_status_line(response, line, err);
	case RESPONSE_HEADERS:
		if (line.len > 0)
			return response_header(response, line, err);
		response_head_ends(response);
		return 0;
	case RESPONSE_CHUNK_SIZE:
		return response_chunk_size(response, line, err);
	case RESPONSE_CHUNK_END:
		if (line.len > 0)
			return response_bad(err, "chunk");
		response->state = RESPONSE_CHUNK_SIZE;
		return 0;
	case RESPONSE_TRAILERS:
		if (line.len == 0)
			response->state = RESPONSE_COMPLETE;
		return 0;
	default:
		return response_bad(err, "state");
	}
}

/* Take bytes up to the line's end; how many were taken, or -1. */
static ssize_t
response_take_line(
    struct response *response, struct slice bytes, struct error *err)
{
	const char *end = memchr(bytes.data, '\n', bytes.len);
	size_t taken = end == NULL ? bytes.len : (size_t)(end - bytes.data) + 1;
	struct slice line;
	int result;

	response->head_bytes += taken;
	if (response->head_bytes > RESPONSE_HEAD_BYTES)
		return error_set(
		    err, ERROR_CORRUPT, "the HTTP answer's head is too long");
	buf_add(&response->line, bytes.data, taken);
	if (end == NULL)
		return (ssize_t)taken;
	line = (struct slice){ response->line.data, response->line.len - 1 };
	if (line.len > 0 && line.data[line.len - 1] == '\r')
		line.len--;
	result = response_line(response, line, err);
	buf_reset(&response->line);
	return result == -1 ? -1 : (ssize_t)taken;
}

/* Take bytes of the body; how many were taken. */
static size_t
response_take_body(
    struct response *response, struct slice bytes, struct buf *body)
{
	size_t taken = bytes.len;

	if (response->state == RESPONSE_UNTIL_END) {
		buf_add(body, bytes.data, taken);
		return taken;
	}
	if (taken > response->left)
		taken = (size_t)response->left;
	buf_add(body, bytes.data, taken);
	response->left -= taken;
	if (response->left == 0)
		response->state = response->state == RESPONSE_CHUNK
				      ? RESPONSE_CHUNK_END
				      : RESPONSE_COMPLETE;
	return taken;
}

int
response_feed(struct response *response, struct slice bytes, struct buf *body,
    struct error *err)
{
	while (bytes.len > 0 && response->state != RESPONSE_COMPLETE) {
		ssize_t taken;

		if (response->state == RESPONSE_LENGTH ||
		    response->state == RESPONSE_UNTIL_END ||
		    response->state == RESPONSE_CHUNK)
			taken =
			    (ssize_t)response_take_body(response, bytes, body);
		else
			taken = response_take_line(response, bytes, err);
		if (taken == -1)
			return -1;
		bytes.data += taken;
		bytes.len -= (size_t)taken;
	}
	return 0;
}

int
response_end(struct response *response, struct error *err)
{
	if (response->state == RESPONSE_UNTIL_END)
		response->state = RESPONSE_COMPLETE;
	if (response->state == RESPONSE_COMPLETE)
		return 0;
	if (!response_has_head(response))
		return error_set(err, ERROR_UNREACHABLE,
		    "the connection was closed before an answer came");
	return error_set(err, ERROR_UNREACHABLE,
	    "the connection was closed in the middle of the answer");
}
