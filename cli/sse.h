/* Server-Sent Events (HTML Living Standard, 9.2.6), byte by byte: a pure
 * parser.
 *
 * Lines end in LF, CR LF or CR; comments are skipped; several `data:` lines
 * are joined by LF; an `id:` holds on until the next one; an event without
 * data is none.
 */
#ifndef CLI_SSE_H
#define CLI_SSE_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"

enum { SSE_EVENT_BYTES = 1 << 20 }; /* a longer line or event is refused */

struct sse_event {
	struct slice type; /* "message" if none is named */
	struct slice data;
};

/* Returning false ends the feeding. */
typedef bool (*sse_on_event)(void *context, const struct sse_event *event);

struct sse {
	struct buf line; /* one that has not ended yet */
	struct buf type, data;
	struct buf id;	    /* of the event being read */
	struct buf last_id; /* of the last event that was given */
	usec_t retry;	    /* the server's wish; 0: none */
	bool after_return;  /* a CR was the last byte: skip an LF */
	bool has_data;
	bool has_begun; /* the mark of UTF-8 has been looked for */
};

#define SSE_INIT                                                      \
	{                                                             \
		.line = BUF_INIT, .type = BUF_INIT, .data = BUF_INIT, \
		.id = BUF_INIT, .last_id = BUF_INIT                   \
	}

void sse_free(struct sse *sse);

/* A new connection: what was half read is forgotten, `last_id` and `retry`
 * stay. */
void sse_restart(struct sse *sse);

/* The next bytes. 1: all were read; 0: `on_event` ended it; -1:
 * ERROR_TOO_LONG. */
int sse_feed(struct sse *sse, struct slice bytes, sse_on_event on_event,
    void *context, struct error *err);

#endif
