/* What was promised and a power cut left undone.
 *
 * An erasure and a removal by retention are named by an entry that is durable
 * before the first byte changes, and nothing is recorded before they are done:
 * so the last batch alone can name what is not done.
 */
#ifndef KRUXOSD_REDO_H
#define KRUXOSD_REDO_H

#include "collectors/kruxosd/erasure.h"
#include "collectors/kruxosd/recovery.h"
#include "collectors/kruxosd/retention.h"

/* At start, before anything is recorded: do what the last batch of the log in
 * `audit_dir` names. What the disk refuses is said, and is no reason not to
 * start. -1: the log cannot be read. */
int redo_last_batch(const char *audit_dir, const struct recovery *recovery,
    struct erasure *erasure, struct retention *retention, struct error *err);

#endif
