/* telemetry.db: what was measured, alerts and silences
 * (sql/schema/telemetry-*). It is migrated, never rebuilt; a damaged one is put
 * aside (aside.h), and a new one has its place. Without it alerts go on in
 * memory, and charts have a gap: nothing else depends on it.
 */
#ifndef KRUXOSD_TELEMETRY_FILE_H
#define KRUXOSD_TELEMETRY_FILE_H

#include "base/clock.h"
#include "store/database.h"

/* Open, create or migrate it. Any thread; two of them never put the same file
 * aside. NULL: ERROR_INVALID, a later version wrote it; ERROR_SYSTEM,
 * ERROR_BUSY. */
struct database *telemetry_file_open(const char *path, enum database_use use,
    struct clock *clock, struct error *err);

/* `database`, open from `path`, was found to be damaged: it is closed, and put
 * aside if it is still the one at the path. */
void telemetry_file_put_aside(
    const char *path, struct database *database, struct clock *clock);

#endif
