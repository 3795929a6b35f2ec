/* What a notice says: the body of Alertmanager's webhook, version 4, with the
 * head of the audit log. It is sent so to a webhook; what other channels get is
 * made from it by who sends.
 *
 * What agents say is hostile text: made visible, on one line, cut, and told
 * apart: such an alert has `source` agent and `alertname` NOTICE_OF_AGENT, its
 * title is a label of its own, and its summary says who says it. Pure.
 */
#ifndef KRUXOSD_NOTICE_BODY_H
#define KRUXOSD_NOTICE_BODY_H

#include "base/json_reader.h"
#include "base/sha256.h"
#include "collectors/kruxosd/notice_groups.h"

enum { NOTICE_TEXT_BYTES = 512 }; /* of a message, before it is made visible */

/* Where it comes from. */
struct notice_origin {
	const char *instance;	  /* the machine's name */
	const char *external_url; /* of the dashboard */
	uint64_t head_seq;	  /* 0: the log is empty */
	const unsigned char *head_hash;
};

/* Append the body. */
void notice_body_write(const struct notice *notice,
    const struct notice_origin *origin, struct buf *out);

/* What marks the bodies with words of the entry `seq`. */
void notice_body_add_mark(struct buf *out, uint64_t seq);

/* Append `body` without any words of agents: titles, summaries and descriptions
 * are "(erased)". -1: it is none. */
int notice_body_erase(struct json_reader *reader, struct slice body,
    struct buf *out, struct error *err);

#endif
