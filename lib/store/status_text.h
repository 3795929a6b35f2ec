/* The text of the status page: status to bytes, bytes to status. Pure; the
 * format stands at the head of status_text.c. For status.c. */
#ifndef STORE_STATUS_TEXT_H
#define STORE_STATUS_TEXT_H

#include "base/buf.h"
#include "store/status.h"

enum status_text_kind {
	STATUS_TEXT_REFUSAL,
	STATUS_TEXT_INTEGRITY,
	STATUS_TEXT_INDEX,
	STATUS_TEXT_STATE,
};

/* The word of a value of one of the enums of status.h. */
const char *status_text_name(enum status_text_kind kind, unsigned value);

/* Append the STATUS_BYTES of a page, the `sequence`th. */
void status_text_compose(
    const struct status *status, uint64_t sequence, struct buf *out);

/* -1: `page` is no page, or was met half written. */
int status_text_parse(
    struct slice page, struct status *ret_status, uint64_t *ret_sequence);

#endif
