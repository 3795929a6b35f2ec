/* The listening socket of the door: bound by us, or handed over by systemd. */
#ifndef KRUXOSD_LISTENER_H
#define KRUXOSD_LISTENER_H

#include "base/error.h"

#include <stdbool.h>

/* The descriptor, non-blocking and listening. If systemd hands one over
 * (LISTEN_FDS), that is it; else `path` is bound, 0666: who may what is
 * decided by the peer's credentials. A socket at `path` on which nobody
 * answers is removed first. `ret_is_bound`: it was bound here, and the path is
 * to be removed in the end. -1: ERROR_BUSY (somebody answers there),
 * ERROR_INVALID (the path is too long, or not that of a socket),
 * ERROR_SYSTEM. */
int listener_open(const char *path, bool *ret_is_bound, struct error *err);

#endif
