/* The payload of an entry: salt, summary, request; redacted, then cut.
 *
 * Strings are decoded (json_reader.h), their secrets replaced (redact.h; keys
 * that had one end in '#' and their place in the object, to stay different),
 * then cut, and written in the log's one form. A summary is cut at 4 KiB. A
 * request beyond 64 KiB has its strings cut from the longest down, each ending
 * in "…[cut 12345 bytes]" (bytes of the redacted text that are gone); if keys
 * and numbers alone are too much it becomes {"cut_bytes":N}.
 */
#ifndef LOG_PAYLOAD_H
#define LOG_PAYLOAD_H

#include "base/json_reader.h"
#include "log/entry.h"
#include "log/redact.h"

/* What composing needs again and again; one a thread. */
struct payload;

/* `redactor` stays the caller's and outlives it. */
struct payload *payload_new(struct redactor *redactor);
void payload_free(struct payload *payload);

/* Append `"salt":"…"`, then `,"summary":…` and `,"request":…` of those nodes
 * that are not NULL, as they stand between the comma behind entry_hash and the
 * closing brace. `summary` is a string's node, `request` an object's, both of
 * `reader`. Cannot fail: what does not fit is cut. */
void payload_compose(struct payload *payload, const struct json_reader *reader,
    const unsigned char salt[static ENTRY_SALT_BYTES],
    const struct json_node *summary, const struct json_node *request,
    struct buf *out);

#endif
