/* What alerts are made of, from the parts that know; and the database that
 * they are kept in. */
#ifndef KRUXOSD_ALERT_WATCH_H
#define KRUXOSD_ALERT_WATCH_H

#include "collectors/kruxosd/kruxosd.h"

/* Open telemetry.db, or say why it cannot be. */
void alert_watch_open(struct kruxosd *kruxosd);

/* Somebody has damaged the log: the next look tells of it, even if it holds
 * again by then. */
void alert_watch_damage(struct kruxosd *kruxosd, const char *sentence);

/* Once a second. Now and then telemetry.db is opened where it is not open, or
 * another has taken its place; why it cannot be is said. */
void alert_watch_tick(struct kruxosd *kruxosd);

/* Alerts end, and the database is closed. */
void alert_watch_close(struct kruxosd *kruxosd);

#endif
