/* What is sent, made of a notice's body (docs/door.md, notices). Pure.
 *
 * A webhook gets the body as it is. Text of agents in it is visible text on one
 * line already; here it is kept from becoming a header, too.
 */
#ifndef OBSERVER_LETTER_H
#define OBSERVER_LETTER_H

#include "base/json_reader.h"
#include "config/config.h"

/* What an Alertmanager hears no more of for so long has resolved. It is told
 * each minute. */
#define LETTER_FIRES_FOR (5 * USEC_PER_MIN)

/* For POST /api/v2/alerts. -1: `body` is none of a notice's. */
int letter_add_alerts(struct json_reader *reader, struct slice body, usec_t now,
    struct buf *out, struct error *err);

/* A message as RFC 5322 has it, lines ending in \r\n: about notice `id`, which
 * is as old as `created_at`, from and to whom `channel` says. The same notice
 * always has the same Message-ID. -1 as above. */
int letter_add_mail(struct json_reader *reader, struct slice body,
    const struct config_notify *channel, uint64_t id, usec_t created_at,
    usec_t now, struct buf *out, struct error *err);

/* Append a header whose value is text from anywhere: as it is, if it is short
 * and plain, else in encoded words (RFC 2047). */
void letter_add_header(struct buf *out, const char *name, struct slice value);

#endif
