#include "cli/sse.h"

#include "base/number.h"

void
sse_free(struct sse *sse)
{
	buf_free(&sse->line);
	buf_free(&sse->type);
	buf_free(&sse->data);
	buf_free(&sse->id);
	buf_free(&sse->last_id);
}

static void
sse_forget_event(struct sse *sse)
{
	buf_reset(&sse->type);
	buf_reset(&sse->data);
	sse->has_data = false;
}

void
sse_restart(struct sse *sse)
{
	buf_reset(&sse->line);
	sse_forget_event(sse);
	buf_reset(&sse->id);
	buf_add_slice(&sse->id, buf_slice(&sse->last_id));
	sse->after_return = false;
	sse->has_begun = false;
}

/* An empty line: the event is whole. */
static bool
sse_dispatch(struct sse *sse, sse_on_event on_event, void *context)
{
	struct sse_event event;
	bool goes_on = true;

	buf_reset(&sse->last_id);
	buf_add_slice(&sse->last_id, buf_slice(&sse->id));
	if (sse->has_data) {
		event.type = sse->type.len > 0 ? buf_slice(&sse->type)
					       : SLICE_LITERAL("message");
		event.data = buf_slice(&sse->data);
		goes_on = on_event(context, &event);
	}
	sse_forget_event(sse);
	return goes_on;
}

static void
sse_set(struct buf *field, struct slice value)
{
	buf_reset(field);
	buf_add_slice(field, value);
}

static int
sse_field(
    struct sse *sse, struct slice name, struct slice value, struct error *err)
{
	uint64_t milliseconds;

	if (slice_is(name, "data")) {
		if (sse->data.len + value.len > SSE_EVENT_BYTES)
			return error_set(
			    err, ERROR_TOO_LONG, "an event is too long");
		if (sse->has_data)
			buf_add_char(&sse->data, '\n');
		buf_add_slice(&sse->data, value);
		sse->has_data = true;
	} else if (slice_is(name, "event")) {
		sse_set(&sse->type, value);
	} else if (slice_is(name, "id")) {
		if (memchr(value.data, '\0', value.len) == NULL)
			sse_set(&sse->id, value);
	} else if (slice_is(name, "retry")) {
		if (number_parse_u64(value, 0, UINT32_MAX, &milliseconds) == 0)
			sse->retry = milliseconds * USEC_PER_MSEC;
	}
	return 0;
}

/* A whole line: 1, 0 when `on_event` ended it, -1. */
static int
sse_line(struct sse *sse, struct slice line, sse_on_event on_event,
    void *context, struct error *err)
{
	static const struct slice mark = { "\xef\xbb\xbf", 3 };
	struct slice name = line, value = { "", 0 };
	const char *colon;

	if (!sse->has_begun && slice_starts_with(line, mark))
		line = name =
		    (struct slice){ line.data + mark.len, line.len - mark.len };
	sse->has_begun = true;
	if (line.len == 0)
		return sse_dispatch(sse, on_event, context) ? 1 : 0;
	colon = memchr(line.data, ':', line.len);
	if (colon == line.data)
		return 1; /* a comment */
	if (colon != NULL) {
		name.len = (size_t)(colon - line.data);
		value = (struct slice){ colon + 1, line.len - name.len - 1 };
		if (value.len > 0 && *value.data == ' ') {
			value.data++;
			value.len--;
		}
	}
	return sse_field(sse, name, value, err) == -1 ? -1 : 1;
}

int
sse_feed(struct sse *sse, struct slice bytes, sse_on_event on_event,
    void *context, struct error *err)
{
	for (size_t at = 0; at < bytes.len;) {
		size_t end = at;
		int result;

		if (sse->after_return && bytes.data[at] == '\n') {
			sse->after_return = false;
			at++;
			continue;
		}
		sse->after_return = false;
		while (end < bytes.len && bytes.data[end] != '\n' &&
		       bytes.data[end] != '\r')
			end++;
		if (sse->line.len + (end - at) > SSE_EVENT_BYTES)
			return error_set(err, ERROR_TOO_LONG,
			    "a line of the stream is too long");
		buf_add(&sse->line, bytes.data + at, end - at);
		if (end == bytes.len)
			break;
		sse->after_return = bytes.data[end] == '\r';
		at = end + 1;
		result = sse_line(
		    sse, buf_slice(&sse->line), on_event, context, err);
		buf_reset(&sse->line);
		if (result < 1)
			return result;
	}
	return 1;
}
