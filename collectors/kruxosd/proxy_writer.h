/* The service proxy as it is kept in telemetry.db (store/proxy.h reads it).
 * Each function is a transaction of its own; errors are the statements'. */
#ifndef KRUXOSD_PROXY_WRITER_H
#define KRUXOSD_PROXY_WRITER_H

#include "collectors/kruxosd/proxy_state.h"

struct proxy_writer;

/* `database` stays the caller's, and outlives it. NULL and err. */
struct proxy_writer *
proxy_writer_new(struct database *database, struct error *err);
void proxy_writer_free(struct proxy_writer *writer);

/* `report` takes the place of what was there; of its writes and errors those
 * that are `changed` (of enum proxy_state_change): mostly they are the same as
 * before. */
int proxy_writer_save(struct proxy_writer *writer,
    const struct proxy_report *report, unsigned changed, struct error *err);

#endif
