/* Any bytes as what an HTTP server sends, its body as Server-Sent Events: read
 * at once or in pieces, it comes to the same. The first byte is the length of
 * the pieces. */
#include "cli/response.h"
#include "base/cleanup.h"
#include "cli/sse.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* All that was read, in one text. */
struct reading {
	struct buf body, events;
	enum response_state state;
	int status, result, end;
};

static bool
on_event(void *context, const struct sse_event *event)
{
	struct buf *events = context;

	buf_addf(events, "%zu:", event->type.len);
	buf_add_slice(events, event->type);
	buf_addf(events, " %zu:", event->data.len);
	buf_add_slice(events, event->data);
	buf_add_char(events, '\n');
	return true;
}

static void
read_events(struct reading *reading, size_t piece)
{
	struct sse sse = SSE_INIT;
	struct slice rest = buf_slice(&reading->body);
	struct error err;

	while (rest.len > 0) {
		struct slice part = { rest.data,
			rest.len < piece ? rest.len : piece };

		if (sse_feed(&sse, part, on_event, &reading->events, &err) ==
		    -1)
			break;
		rest.data += part.len, rest.len -= part.len;
	}
	assert(sse.line.len <= SSE_EVENT_BYTES);
	buf_add_slice(&reading->events, buf_slice(&sse.last_id));
	sse_free(&sse);
}

static void
read_all(struct reading *reading, struct slice rest, size_t piece)
{
	struct response response = RESPONSE_INIT;
	struct error err = { 0 };

	buf_init(&reading->body);
	buf_init(&reading->events);
	reading->result = 0;
	while (rest.len > 0 && reading->result == 0) {
		struct slice part = { rest.data,
			rest.len < piece ? rest.len : piece };

		reading->result =
		    response_feed(&response, part, &reading->body, &err);
		rest.data += part.len, rest.len -= part.len;
	}
	assert(response.head_bytes <= RESPONSE_HEAD_BYTES + 2);
	assert(!response_has_head(&response) ||
	       (response.status >= 200 && response.status <= 999));
	reading->state = response.state;
	reading->status = response.status;
	reading->end = response_end(&response, &err);
	response_free(&response);
	read_events(reading, piece);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct reading whole, pieces;
	struct slice text;

	if (len == 0)
		return 0;
	text = (struct slice){ (const char *)bytes + 1, len - 1 };
	read_all(&whole, text, SIZE_MAX);
	read_all(&pieces, text, 1 + (size_t)bytes[0] % 16);
	assert(whole.result == pieces.result);
	if (whole.result == 0) {
		assert(whole.state == pieces.state);
		assert(whole.status == pieces.status);
		assert(whole.end == pieces.end);
		assert(slice_equal(
		    buf_slice(&whole.body), buf_slice(&pieces.body)));
		assert(slice_equal(
		    buf_slice(&whole.events), buf_slice(&pieces.events)));
	}
	buf_free(&whole.body);
	buf_free(&whole.events);
	buf_free(&pieces.body);
	buf_free(&pieces.events);
	return 0;
}
