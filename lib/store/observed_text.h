/* The text of the observed page: what is observed to bytes, bytes to what is
 * observed. Pure; the format stands at the head of observed_text.c. For
 * observed.c. */
#ifndef STORE_OBSERVED_TEXT_H
#define STORE_OBSERVED_TEXT_H

#include "base/buf.h"
#include "store/observed.h"

/* Append the OBSERVED_BYTES of a page, the `sequence`th. */
void observed_text_compose(
    const struct observed *observed, uint64_t sequence, struct buf *out);

/* -1: `page` is no page, or was met half written; the `ret_`s are left as
 * they were. */
int observed_text_parse(
    struct slice page, struct observed *ret_observed, uint64_t *ret_sequence);

#endif
