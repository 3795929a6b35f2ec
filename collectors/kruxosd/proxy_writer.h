/* The service proxy as it is kept in telemetry.db (store/proxy.h reads it).
 * Each function is a transaction of its own; errors are the statements'. */
#ifndef KRUXOSD_PROXY_WRITER_H
#define KRUXOSD_PROXY_WRITER_H

#include "store/proxy.h"

struct proxy_writer;

/* `database` stays the caller's, and outlives it. NULL and err. */
struct proxy_writer *
proxy_writer_new(struct database *database, struct error *err);
void proxy_writer_free(struct proxy_writer *writer);

/* `report` takes the place of what was there; its writes only if they are
 * `with_writes`: mostly they are the same as before. */
int proxy_writer_save(struct proxy_writer *writer,
    const struct proxy_report *report, bool with_writes, struct error *err);

#endif
