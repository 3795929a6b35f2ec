/* A thread that reads the calls of the last 24 hours out of the index, for
 * recent.h: the door does not wait for it. */
#ifndef KRUXOSD_CALL_LOADER_H
#define KRUXOSD_CALL_LOADER_H

#include "collectors/kruxosd/call_filter.h"
#include "collectors/kruxosd/indexer.h"

struct call_loader;

/* Begin; `indexer` outlives the loader. NULL: ERROR_SYSTEM. */
struct call_loader *
call_loader_start(struct indexer *indexer, usec_t since, struct error *err);

/* Readable when it is done. */
int call_loader_fd(const struct call_loader *loader);

/* What was read, to be freed by the caller; NULL: it could not be read, and
 * that was said. */
struct call_filter *call_loader_take(struct call_loader *loader);

/* Waits for the thread to end. */
void call_loader_free(struct call_loader *loader);

#endif
