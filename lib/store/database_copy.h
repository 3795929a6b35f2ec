/* A copy of a database while it is read and written. */
#ifndef STORE_DATABASE_COPY_H
#define STORE_DATABASE_COPY_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

/* Called now and then: so many of all pages are copied. Returning false stops
 * (ERROR_BUSY). */
typedef bool (*database_copy_on_progress)(
    void *context, uint64_t done, uint64_t total);

/* Copy the database at `from` into the new file `to` (0600): all that had been
 * committed when this began, and nothing that came later. What it is kept by is
 * the copy alone: it has neither -wal nor -shm. Nobody who writes waits. It is
 * on the disk when this returns, its name not yet. `on_progress` may be NULL.
 * ERROR_UNREACHABLE: there is no such database; ERROR_CONFLICT: `to` is there;
 * ERROR_CORRUPT, ERROR_SYSTEM, ERROR_BUSY. A copy that failed is removed. */
int database_copy(const char *from, const char *to,
    database_copy_on_progress on_progress, void *context, struct error *err);

#endif
