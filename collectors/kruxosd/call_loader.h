/* Which calls were recorded before the start (recent.h)?
 *
 * Those that the index holds are read by a thread: the door does not wait for
 * it. Those that the index does not hold yet are read out of the log before
 * the door opens: a producer that had no answer before a crash sends again at
 * once. */
#ifndef KRUXOSD_CALL_LOADER_H
#define KRUXOSD_CALL_LOADER_H

#include "collectors/kruxosd/call_filter.h"
#include "collectors/kruxosd/call_finder.h"
#include "collectors/kruxosd/outcomes.h"

struct call_loader;

/* Tell `recent` and `outcomes` of what the log in `audit_dir` holds behind
 * `index_seq`: of the last 24 hours before `now`, and at most RECENT_TAIL
 * entries; a damaged line is passed over. ERROR_SYSTEM; what was read until
 * then counts. */
int call_loader_read_tail(const char *audit_dir, uint64_t index_seq,
    uint64_t head_seq, usec_t now, struct recent *recent,
    struct outcomes *outcomes, struct error *err);

/* Begin; `finder` outlives the loader. NULL: ERROR_SYSTEM. */
struct call_loader *
call_loader_start(struct call_finder *finder, usec_t since, struct error *err);

/* Readable when it is done. */
int call_loader_fd(const struct call_loader *loader);

/* What was read, to be freed by the caller; NULL: it could not be read, and
 * that was said. */
struct call_filter *call_loader_take(struct call_loader *loader);

/* Waits for the thread to end. */
void call_loader_free(struct call_loader *loader);

#endif
