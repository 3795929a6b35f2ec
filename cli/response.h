/* The answer of an HTTP/1.1 server, byte by byte: a pure parser.
 *
 * Framing as RFC 9112 has it: chunked, Content-Length, or until the connection
 * ends. Interim answers (1xx) are skipped. The head is bounded; how much of a
 * body is kept is the caller's affair.
 */
#ifndef CLI_RESPONSE_H
#define CLI_RESPONSE_H

#include "base/buf.h"
#include "base/error.h"

#include <stdint.h>

enum { RESPONSE_HEAD_BYTES = 32 << 10 };

enum response_state {
	RESPONSE_STATUS_LINE,
	RESPONSE_HEADERS,
	RESPONSE_LENGTH, /* body: `left` bytes to come */
	RESPONSE_UNTIL_END,
	RESPONSE_CHUNK_SIZE,
	RESPONSE_CHUNK,	    /* `left` bytes of it to come */
	RESPONSE_CHUNK_END, /* the line end behind it */
	RESPONSE_TRAILERS,
	RESPONSE_COMPLETE,
};

struct response {
	enum response_state state;
	int status;
	bool is_json; /* application/json, application/problem+json */
	uint64_t left;
	bool is_chunked, has_length;
	size_t head_bytes; /* of lines read so far */
	struct buf line;   /* one that has not ended yet */
};

#define RESPONSE_INIT            \
	{                        \
		.line = BUF_INIT \
	}

void response_free(struct response *response);

/* The next bytes; those of the body are appended to `body`. Bytes behind a
 * complete answer are ignored. -1: ERROR_CORRUPT. */
int response_feed(struct response *response, struct slice bytes,
    struct buf *body, struct error *err);

/* The connection has ended. -1: ERROR_UNREACHABLE, it ended too early. */
int response_end(struct response *response, struct error *err);

/* Is the head read, so that `status` counts? */
static inline bool
response_has_head(const struct response *response)
{
	return response->state > RESPONSE_HEADERS;
}

#endif
