/* Any text: nothing crashes, what is written is valid UTF-8 and no longer than
 * its secrets allow, and redacted again it stays as it is. The input's lines
 * are also an array's elements, and a key and its value. */
#include "log/redact.h"
#include "base/cleanup.h"
#include "base/text.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void
check(struct slice text, struct buf *out, size_t count)
{
	assert((count == 0) == (out->len == 0));
	assert(out->len <= text.len + count * strlen(REDACT_MARKER));
	assert(text_valid_bytes(buf_slice(out)) == out->len);
}

/* The line at the front of `rest`, which moves behind it. */
static struct slice
next_line(struct slice *rest)
{
	const char *end = memchr(rest->data, '\n', rest->len);
	struct slice line = *rest;

	if (end == NULL) {
		*rest = (struct slice){ rest->data + rest->len, 0 };
		return line;
	}
	line.len = (size_t)(end - line.data);
	rest->data += line.len + 1;
	rest->len -= line.len + 1;
	return line;
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static struct redactor *redactor;
	cleanup(buf_free) struct buf text = BUF_INIT;
	cleanup(buf_free) struct buf out = BUF_INIT;
	cleanup(buf_free) struct buf again = BUF_INIT;
	struct slice rest, first, before, third;
	size_t count;

	if (redactor == NULL)
		redactor = redact_new();
	text_add_valid(&text, (struct slice){ (const char *)data, size });
	count = redact_text(redactor, buf_slice(&text), &out);
	check(buf_slice(&text), &out, count);
	if (count > 0)
		assert(redact_text(redactor, buf_slice(&out), &again) == 0);

	rest = buf_slice(&text);
	first = next_line(&rest);
	before = next_line(&rest);
	third = next_line(&rest);
	buf_reset(&out);
	check(first, &out, redact_member(redactor, before, first, &out));
	buf_reset(&out);
	check(
	    third, &out, redact_element(redactor, first, before, third, &out));
	return 0;
}
