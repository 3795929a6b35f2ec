/* Bytes that grow.
 *
 * Invariants: `data` is never NULL and data[len] is always NUL, so a buf that
 * holds text is a C string at any moment; the bytes may hold NULs themselves.
 * Who changes `data` by hand calls buf_set_len() afterwards. A pointer into
 * `data` is good until the next call that may grow it.
 *
 * Out of memory ends the process (see docs/architecture.md), so nothing here
 * fails. Whatever an outsider can make grow has a bound, which the caller
 * checks first. What is added never lies in the buf itself: it would move.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/slice.h"

#include <stdarg.h>

struct buf {
	char *data;
	size_t len;
	size_t capacity; /* bytes allocated, the NUL's among them; 0: none */
};

extern char buf_empty[1];
#define BUF_INIT                \
	{                       \
		buf_empty, 0, 0 \
	}

void buf_init(struct buf *buf);

/* Free the memory; the buf is empty and may be used again. */
void buf_free(struct buf *buf);

/* The same, and nothing of what it held stays in memory. A buf that grows
 * leaves copies behind: who puts a secret into one reserves room before. */
void buf_wipe(struct buf *buf);

/* Room for `extra` more bytes (and the NUL) without another allocation. */
void buf_reserve(struct buf *buf, size_t extra);

/* The length becomes `len`, which lies within what was reserved. */
void buf_set_len(struct buf *buf, size_t len);

static inline void
buf_reset(struct buf *buf)
{
	buf_set_len(buf, 0);
}

/* Here, because lines are made of many small pieces. */
static inline void
buf_add(struct buf *buf, const void *bytes, size_t len)
{
	if (len == 0)
		return;
	if (len >= buf->capacity - buf->len)
		buf_reserve(buf, len);
	memcpy(buf->data + buf->len, bytes, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

static inline void
buf_add_str(struct buf *buf, const char *text)
{
	buf_add(buf, text, strlen(text));
}

static inline void
buf_add_slice(struct buf *buf, struct slice slice)
{
	buf_add(buf, slice.data, slice.len);
}

static inline void
buf_add_char(struct buf *buf, char c)
{
	buf_add(buf, &c, 1);
}

void buf_add_chars(struct buf *buf, char c, size_t count);
void buf_add_u64(struct buf *buf, unsigned long long value); /* decimal */
void buf_add_hex(struct buf *buf, const void *bytes, size_t len);
void buf_addf(struct buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void buf_addv(struct buf *buf, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

/* Take the first `len` bytes away; the rest moves to the front. */
void buf_consume(struct buf *buf, size_t len);

/* The memory becomes the caller's, to free(); the buf is empty. */
char *buf_detach(struct buf *buf);

static inline struct slice
buf_slice(const struct buf *buf)
{
	return (struct slice){ buf->data, buf->len };
}

#endif
