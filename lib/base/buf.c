#include "base/buf.h"

#include "base/memory.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>

char buf_empty[1];

void
buf_init(struct buf *buf)
{
	*buf = (struct buf)BUF_INIT;
}

void
buf_free(struct buf *buf)
{
	if (buf->capacity > 0)
		free(buf->data);
	buf_init(buf);
}

static void
wipe_bytes(struct buf *buf)
{
	if (buf->capacity > 0)
		explicit_bzero(buf->data, buf->capacity);
}

void
buf_wipe(struct buf *buf)
{
	wipe_bytes(buf);
	buf_free(buf);
}

void
buf_reserve(struct buf *buf, size_t extra)
{
	bool empty = buf->capacity == 0;
	size_t needed;

	if (__builtin_add_overflow(buf->len, extra, &needed) ||
	    needed == SIZE_MAX)
		memory_end(SIZE_MAX);
	if (needed < buf->capacity)
		return;
	buf->data = memory_grow(
	    empty ? NULL : buf->data, &buf->capacity, needed + 1, 1);
	buf->data[buf->len] = '\0';
}

void
buf_set_len(struct buf *buf, size_t len)
{
	assert(len < buf->capacity || len == 0);
	buf->len = len;
	/* buf_empty belongs to every thread: it is never written. */
	if (buf->capacity > 0)
		buf->data[len] = '\0';
}

void
buf_add_chars(struct buf *buf, char c, size_t count)
{
	buf_reserve(buf, count);
	memset(buf->data + buf->len, c, count);
	buf_set_len(buf, buf->len + count);
}

void
buf_add_u64(struct buf *buf, unsigned long long value)
{
	char digits[20]; /* of 2^64 - 1 */
	size_t first = sizeof(digits);

	do {
		digits[--first] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	buf_add(buf, digits + first, sizeof(digits) - first);
}

void
buf_add_hex(struct buf *buf, const void *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *byte = bytes;
	char *out;

	buf_reserve(buf, memory_product(len, 2));
	out = buf->data + buf->len;
	for (size_t i = 0; i < len; i++) {
		*out++ = digits[byte[i] >> 4];
		*out++ = digits[byte[i] & 15];
	}
	buf_set_len(buf, buf->len + 2 * len);
}

void
buf_addf(struct buf *buf, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	buf_addv(buf, format, arguments);
	va_end(arguments);
}

void
buf_addv(struct buf *buf, const char *format, va_list arguments)
{
	size_t room = buf->capacity - buf->len; /* 0 without memory */
	va_list again;
	int len;

	va_copy(again, arguments);
	len = vsnprintf(
	    room > 0 ? buf->data + buf->len : NULL, room, format, arguments);
	/* Fails only for a format that is wrong, or beyond 2 GiB. */
	assert(len >= 0);
	if ((size_t)len >= room) {
		buf_reserve(buf, (size_t)len);
		vsnprintf(buf->data + buf->len, (size_t)len + 1, format, again);
	}
	va_end(again);
	buf_set_len(buf, buf->len + (size_t)len);
}

void
buf_consume(struct buf *buf, size_t len)
{
	assert(len <= buf->len);
	if (len == 0)
		return;
	memmove(buf->data, buf->data + len, buf->len - len);
	buf_set_len(buf, buf->len - len);
}

char *
buf_detach(struct buf *buf)
{
	char *data;

	buf_reserve(buf, 0);
	data = buf->data;
	buf_init(buf);
	return data;
}
