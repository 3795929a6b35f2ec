/* Server-Sent Events as text (WHATWG HTML, 9.2.6). */
#ifndef HTTP_EVENT_H
#define HTTP_EVENT_H

#include "base/buf.h"
#include "base/clock.h"

#include <stdint.h>

/* "id: 42", "event: entry", "data: …", an empty line. Data of several lines
 * becomes several "data:"; `name` is one of ours. */
void
event_add(struct buf *out, uint64_t id, const char *name, struct slice data);

/* ":", an empty line: keeps the connection from being taken for dead. */
void event_add_comment(struct buf *out);

/* "retry: 2500", an empty line: how long a browser waits before it comes
 * back. */
void event_add_retry(struct buf *out, usec_t delay);

#endif
