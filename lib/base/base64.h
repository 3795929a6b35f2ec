/* Base64 for URLs and headers (RFC 4648, 5), without padding. */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "base/buf.h"

/* Append `len` bytes, as letters, digits, '-' and '_'. */
void base64_add_url(struct buf *out, const void *bytes, size_t len);

/* Is that all that `text` is made of? */
bool base64_is_url(struct slice text);

#endif
