/* What could not be handed in is left for later.
 *
 * A file an event, `TIME-PID.ndjson` in [paths] spool_dir, which kruxosd takes
 * in, in the order of the names, when it is back. It is whole from the first
 * moment that it has this name, and on the disk. The folder may be one that we
 * write to and cannot read; whose group it is may read the file.
 */
#ifndef HOOK_SPOOL_H
#define HOOK_SPOOL_H

#include "base/clock.h"
#include "base/error.h"

/* Leave `lines`, each with its '\n', of the moment `now`. ERROR_SYSTEM;
 * ERROR_BUSY: the disk is nearly full. */
int spool_write(
    const char *folder, usec_t now, struct slice lines, struct error *err);

#endif
