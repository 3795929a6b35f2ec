/* Numbers as people read them. */
#ifndef CLI_WORDS_H
#define CLI_WORDS_H

#include "base/buf.h"
#include "base/clock.h"

#include <stdint.h>

/* "just now", "45s ago", "2m ago", "3h ago", "12d ago". */
void words_add_ago(struct buf *out, usec_t age);

/* The same of the moment `time` (RFC 3339), by the system's clock; nothing if
 * it is none. */
void words_add_since(struct buf *out, struct slice time);

/* A moment to the second, "2026-11-23 20:15:08Z"; what is no time as it is. */
void words_add_moment(struct buf *out, struct slice time);

/* A duration of `milliseconds`: "0.3 ms", "281 ms", "12.3 s", "4m 10s",
 * "2h 5m". */
void words_add_duration(struct buf *out, double milliseconds);

/* "512 B", "1.5 KiB", "12.0 MiB". */
void words_add_bytes(struct buf *out, uint64_t bytes);

/* "1,234,567" */
void words_add_count(struct buf *out, uint64_t count);

/* "1 entry", "1,234 entries". */
void words_add_counted(
    struct buf *out, uint64_t count, const char *one, const char *many);

#endif
