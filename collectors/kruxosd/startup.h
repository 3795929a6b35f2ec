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

/* What the start itself has to say is durable before the door opens, if the
 * disk takes it; then what the log knows and the index does not is read. */
void startup_finish(struct kruxosd *kruxosd);

/* Say what could not be said until now. Once a second. */
void startup_say(struct kruxosd *kruxosd);

#endif
