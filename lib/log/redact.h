/* Secrets become [REDACTED]: a net, not a promise.
 *
 * What slips through is taken out by `kruxos audit erase`. Strings are
 * redacted after JSON decoding, keys as well as values, and before anything is
 * cut: half a token no longer looks like one. What is found:
 *
 *   - by shape: tokens with a known prefix (redact_tokens.c has the table), by
 *     their alphabet and length; private keys; also
 *     when a terminal broke the token, or when the text ends in it;
 *   - by what stands before: password=…, "password": "…", --password …,
 *     Authorization:, Cookie:, ?token= (redact_names.c; redact_value.c tells a
 *     secret from a word), name:… in URLs and behind curl -u (redact_login.c);
 *   - both of them behind two levels of escapes: \" \n \u0067 of JSON within a
 *     string, %3D of URLs, zero-width characters and terminal colours within a
 *     token (redact_view.c); and in base64 runs of 40 characters and more,
 *     which are decoded once and replaced whole.
 *
 * Entropy alone is never a reason: hashes, UUIDs and the log's own ids have as
 * much of it as a token. Behind a secret's name they are redacted like any
 * other value.
 *
 * Time is linear in the text, whatever it is; nothing backtracks.
 *
 * Our own secrets are made so that any scanner can know one:
 *
 *	krx_session_, krx_link_, krx_user_ or krx_agent_ and 43 characters of
 *	base64url (store/credential.h).
 *
 * They are redacted by shape: a secret with a typing error, or one that was
 * cut, is still most of a secret.
 */
#ifndef LOG_REDACT_H
#define LOG_REDACT_H

#include "base/buf.h"

#define REDACT_MARKER "[REDACTED]"

/* The rules, ready to search with: immutable, and shared by threads. */
struct redactor;

struct redactor *redact_new(void);
void redact_free(struct redactor *redactor);

/* Append `text` (valid UTF-8, decoded) to `out` with its secrets replaced, and
 * return how many there were. With 0 nothing was found and NOTHING WAS
 * APPENDED: the text itself is what to write, without a copy. Redacting the
 * result again finds nothing. */
size_t redact_text(
    const struct redactor *redactor, struct slice text, struct buf *out);

/* A string of an object, by its key: replaced whole if the key's name tells
 * that it is a secret, else like redact_text(). Of the strings in an array the
 * key is that of the array: {"Authorization": ["Bearer …"]}. */
size_t redact_member(const struct redactor *redactor, struct slice key,
    struct slice text, struct buf *out);

/* A string of an array, by what stands before it: ["--password", "…"],
 * ["Authorization", "Bearer …"], ["curl", "-u", "name:…"]; else like
 * redact_text(). `first` is the array's first element, `before` the one before
 * `text`; {NULL, 0} where there is none or it is no string. */
size_t redact_element(const struct redactor *redactor, struct slice first,
    struct slice before, struct slice text, struct buf *out);

/* Is a string to be redacted for the name of its key alone? "password",
 * "DB_PASSWORD", "apiKey", "Set-Cookie"; not "token_count", "max_tokens",
 * "secret_name". */
bool redact_is_secret_name(struct slice key);

#endif
