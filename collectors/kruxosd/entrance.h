/* The door as the configuration has it: who may come in, how many at a time,
 * and which commands there are. */
#ifndef KRUXOSD_ENTRANCE_H
#define KRUXOSD_ENTRANCE_H

#include "collectors/kruxosd/kruxosd.h"

/* Make what stands behind the door; the door itself stays closed. */
int entrance_make(struct kruxosd *kruxosd, struct error *err);

/* SIGHUP: read the configuration again; it is taken whole, or not at all. */
void entrance_reload(struct kruxosd *kruxosd);

#endif
