/* Opening, in order:
 *
 *	folders and their lock → status page → databases → the log, recovered →
 *	what its last batch left undone
 */
#ifndef KRUXOSD_STARTUP_H
#define KRUXOSD_STARTUP_H

#include "collectors/kruxosd/kruxosd.h"

/* Open all that stands behind the door, by kruxosd->config. */
int startup_open(struct kruxosd *kruxosd, struct error *err);

/* What the start itself has to say: durable when this returns, before the door
 * opens. Then what the log knows and the index does not. */
int startup_record(struct kruxosd *kruxosd, struct error *err);

#endif
