#include "http/reply.h"

#include "base/cleanup.h"

#include <assert.h>

/* A body of an unusual size is not kept for the next request. */
enum { KEPT_BYTES = 256 * 1024 };

static const struct {
	int status;
	const char *phrase;
} phrases[] = {
	/* RFC 9110 15, RFC 6585 */
	{ 200, "OK" },
	{ 202, "Accepted" },
	{ 204, "No Content" },
	{ 304, "Not Modified" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 406, "Not Acceptable" },
	{ 409, "Conflict" },
	{ 410, "Gone" },
	{ 413, "Content Too Large" },
	{ 415, "Unsupported Media Type" },
	{ 422, "Unprocessable Content" },
	{ 429, "Too Many Requests" },
	{ 500, "Internal Server Error" },
	{ 501, "Not Implemented" },
	{ 503, "Service Unavailable" },
};

const char *
reply_phrase(int status)
{
	for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++)
		if (phrases[i].status == status)
			return phrases[i].phrase;
	return "Status";
}

void
reply_init(struct reply *rep)
{
	*rep = (struct reply){ 0 };
	buf_init(&rep->body);
	buf_init(&rep->headers);
}

static void
empty(struct buf *buf)
{
	if (buf->capacity > KEPT_BYTES)
		buf_free(buf);
	buf_reset(buf);
}

void
reply_begin(struct reply *rep, struct arena *arena, struct reply_sink *sink,
    bool head_only)
{
	empty(&rep->body);
	empty(&rep->headers);
	*rep = (struct reply){
		.body = rep->body,
		.headers = rep->headers,
		.type = "application/json",
		.cache = "no-store",
		.arena = arena,
		.sink = sink,
		.head_only = head_only,
	};
	json_writer_init(&rep->writer, &rep->body);
	rep->json = &rep->writer;
}

void
reply_free(struct reply *rep)
{
	buf_free(&rep->body);
	buf_free(&rep->headers);
}

void
reply_type(struct reply *rep, const char *type)
{
	rep->type = type;
}

void
reply_kept(struct reply *rep, struct slice body)
{
	rep->kept = body;
}

void
reply_cache(struct reply *rep, const char *cache)
{
	rep->cache = cache;
}

void
reply_conceal(struct reply *rep, const char *sentence)
{
	rep->instead = sentence;
}

static bool
has_controls(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	return false;
}

void
reply_header(struct reply *rep, const char *name, const char *format, ...)
{
	va_list arguments;

	buf_addf(&rep->headers, "%s: ", name);
	size_t start = rep->headers.len;
	va_start(arguments, format);
	buf_addv(&rep->headers, format, arguments);
	va_end(arguments);
	assert(!has_controls(rep->headers.data + start));
	buf_add_str(&rep->headers, "\r\n");
}

void
reply_etag(struct reply *rep, const char *format, ...)
{
	cleanup(buf_free) struct buf etag = BUF_INIT;
	va_list arguments;

	buf_add_char(&etag, '"');
	va_start(arguments, format);
	buf_addv(&etag, format, arguments);
	va_end(arguments);
	buf_add_char(&etag, '"');
	assert(!has_controls(etag.data));
	rep->etag = arena_copy(rep->arena, etag.data, etag.len);
}

void
reply_take(
    struct reply *rep, void (*take)(void *context, int fd), void *context)
{
	rep->take = take;
	rep->take_context = context;
}

bool
reply_etag_matches(struct slice if_none_match, const char *etag)
{
	size_t len = strlen(etag);
	const char *at = if_none_match.data;
	const char *end;

	if (at == NULL)
		return false; /* there is no such header */
	if (slice_is(if_none_match, "*"))
		return true;
	end = at + if_none_match.len;
	while (at < end) {
		while (at < end && (*at == ' ' || *at == '\t' || *at == ','))
			at++;
		if (end - at >= 2 && at[0] == 'W' && at[1] == '/')
			at += 2;
		if ((size_t)(end - at) >= len && memcmp(at, etag, len) == 0)
			return true;
		/* On to the end of this one: its second quote. */
		const char *quote = memchr(at, '"', (size_t)(end - at));
		if (quote == NULL)
			return false;
		at = quote + 1;
		quote = memchr(at, '"', (size_t)(end - at));
		if (quote == NULL)
			return false;
		at = quote + 1;
	}
	return false;
}

void
reply_problem(struct buf *out, int status, const struct error *err)
{
	struct json_writer json;

	json_writer_init(&json, out);
	json_writer_object(&json);
	json_writer_pair(&json, "type", "about:blank");
	json_writer_pair(&json, "title", reply_phrase(status));
	json_writer_pair_u64(&json, "status", (uint64_t)status);
	if (err->sentence[0] != '\0')
		json_writer_pair(&json, "detail", err->sentence);
	if (err->field[0] != '\0')
		json_writer_pair(&json, "parameter", err->field);
	json_writer_end_object(&json);
	buf_add_char(out, '\n');
}

enum {
	LENGTH_UNKNOWN = -1,
	HEAD_BYTES = 512, /* mostly enough */
};

static void
add_line(struct buf *out, const char *name, const char *value)
{
	buf_add_str(out, name);
	buf_add_str(out, value);
	buf_add_str(out, "\r\n");
}

/* All that stands before the body. */
static void
add_head(struct buf *out, const struct reply *rep, int status, ssize_t length)
{
	buf_reserve(out, HEAD_BYTES);
	buf_add_str(out, "Status: ");
	buf_add_u64(out, (unsigned)status);
	add_line(out, " ", reply_phrase(status));
	if (status != 304)
		add_line(out, "Content-Type: ", rep->type);
	if (status != 304 && length != LENGTH_UNKNOWN) {
		buf_add_str(out, "Content-Length: ");
		buf_add_u64(out, (size_t)length);
		buf_add_str(out, "\r\n");
	}
	if (rep->etag != NULL)
		add_line(out, "ETag: ", rep->etag);
	add_line(out, "Cache-Control: ", rep->cache);
	buf_add_slice(out, buf_slice(&rep->headers));
	buf_add_str(out, "\r\n");
}

static void
send_bytes(
    struct reply *rep, struct slice first, struct slice second, bool is_last)
{
	if (!rep->broken &&
	    rep->sink->write(rep->sink, first, second, is_last) == -1)
		rep->broken = true;
}

int
reply_write(struct reply *rep, struct slice piece, struct error *err)
{
	cleanup(buf_free) struct buf head = BUF_INIT;

	if (!rep->started) {
		rep->started = true;
		add_head(&head, rep, 200, LENGTH_UNKNOWN);
	}
	if (rep->head_only)
		piece.len = 0;
	send_bytes(rep, buf_slice(&head), piece, false);
	if (rep->head_only)
		return error_set(
		    err, ERROR_UNREACHABLE, "only the headers are wanted");
	if (rep->broken)
		return error_set(err, ERROR_UNREACHABLE, "the client has gone");
	return 0;
}

/* The problem takes the place of whatever the handler has begun to write. */
static void
make_problem(struct reply *rep, int status, const struct error *err)
{
	struct error shown = *err;

	if (rep->instead != NULL && status >= 500)
		error_set(&shown, err->code, "%s", rep->instead);
	buf_reset(&rep->body);
	reply_problem(&rep->body, status, &shown);
	rep->kept = (struct slice){ NULL, 0 };
	rep->type = "application/problem+json";
	rep->cache = "no-store";
	rep->etag = NULL;
}

int
reply_finish(struct reply *rep, int status, const struct error *err,
    struct slice if_none_match)
{
	cleanup(buf_free) struct buf head = BUF_INIT;

	if (rep->started) {
		if (status >= 400 && !rep->head_only)
			rep->broken = true;
		return rep->broken ? status : 200;
	}
	if (status >= 400 &&
	    (err->code != ERROR_NONE || rep->body.len + rep->kept.len == 0))
		make_problem(rep, status, err);
	if (status == 200 && rep->etag != NULL &&
	    reply_etag_matches(if_none_match, rep->etag))
		status = 304;

	struct slice body =
	    rep->kept.data != NULL ? rep->kept : buf_slice(&rep->body);
	add_head(&head, rep, status, (ssize_t)body.len);
	if (status == 304 || rep->head_only)
		body.len = 0;
	send_bytes(rep, buf_slice(&head), body, true);
	return status;
}
