/* One look at the whole of kruxos.db: is it what the log says?
 *
 * SQLite's own pages (tables and their indexes), each block (scrub_block.h),
 * that there are no more segments than these, and the sums of actors and
 * sessions against the shares they are made of, approvals against their rows.
 * In small questions: none holds a snapshot for long.
 */
#ifndef KRUXOSD_SCRUB_PASS_H
#define KRUXOSD_SCRUB_PASS_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

/* `is_stopping` is asked now and then. `ret_generation`: of the index that was
 * looked at. -1: ERROR_CORRUPT, and what is damaged; ERROR_BUSY: it is
 * stopping, or the index was built again or swept under it: another time;
 * ERROR_UNREACHABLE, ERROR_SYSTEM. */
int scrub_pass(const char *database, const char *audit_dir,
    bool (*is_stopping)(void *context), void *context, uint64_t *ret_generation,
    struct error *err);

#endif
