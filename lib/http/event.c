#include "http/event.h"

/* Bytes before the first end of line, which is \n, \r or \r\n. */
static size_t
line_bytes(struct slice text)
{
	size_t len = 0;

	while (
	    len < text.len && text.data[len] != '\n' && text.data[len] != '\r')
		len++;
	return len;
}

static void
add_data(struct buf *out, struct slice data)
{
	for (;;) {
		size_t len = line_bytes(data);

		buf_add_str(out, "data: ");
		buf_add(out, data.data, len);
		buf_add_char(out, '\n');
		if (len == data.len)
			return;
		len += data.len - len >= 2 && data.data[len] == '\r' &&
			       data.data[len + 1] == '\n'
			   ? 2
			   : 1;
		data.data += len, data.len -= len;
	}
}

void
event_add(struct buf *out, uint64_t id, const char *name, struct slice data)
{
	buf_add_str(out, "id: ");
	buf_add_u64(out, id);
	buf_add_str(out, "\nevent: ");
	buf_add_str(out, name);
	buf_add_char(out, '\n');
	add_data(out, data);
	buf_add_char(out, '\n');
}

void
event_add_comment(struct buf *out)
{
	buf_add_str(out, ":\n\n");
}

void
event_add_retry(struct buf *out, usec_t delay)
{
	buf_add_str(out, "retry: ");
	buf_add_u64(out, delay / USEC_PER_MSEC);
	buf_add_str(out, "\n\n");
}
