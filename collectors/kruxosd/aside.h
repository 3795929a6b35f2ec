/* A damaged database, put aside: it is evidence, and its name is free. */
#ifndef KRUXOSD_ASIDE_H
#define KRUXOSD_ASIDE_H

#include "base/clock.h"

/* Copies that are kept of one database: whatever damages it again and again
 * must not fill the disk. */
enum { ASIDE_KEPT = 3 };

/* Rename the database at `path`, which is closed, and its -wal and -shm to
 * `path`.damaged-<time>; `ret_time` is that time. Of all such copies the
 * newest ASIDE_KEPT stay. diag names those that go, and what cannot be done. */
void aside_put(
    const char *path, struct clock *clock, char ret_time[CLOCK_TEXT_SIZE]);

#endif
