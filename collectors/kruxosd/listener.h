/* The listening socket of the door: bound by us, or handed over by systemd. */
#ifndef KRUXOSD_LISTENER_H
#define KRUXOSD_LISTENER_H

#include "base/error.h"

#include <stdbool.h>
#include <sys/types.h>

struct listener {
	int fd;	       /* non-blocking and listening; -1: closed */
	bool is_bound; /* by us, and this is what stands at the path: */
	dev_t device;
	ino_t inode;
};

#define LISTENER_CLOSED  \
	{                \
		.fd = -1 \
	}

/* If systemd hands a socket over (LISTEN_FDS), that is it; else `path` is
 * bound, 0666: who may what is decided by the peer's credentials. A socket at
 * `path` on which nobody answers is removed first. -1: ERROR_BUSY (somebody
 * answers there), ERROR_INVALID (the path is too long, or not that of a
 * socket), ERROR_SYSTEM. */
int listener_open(
    const char *path, struct listener *ret_listener, struct error *err);

/* Does `path`, where it was opened, still lead to it? What systemd listens on
 * is systemd's to look after. */
bool listener_is_there(const struct listener *listener, const char *path);

/* Close it, and remove `path` if that is ours: it may be another's by now. */
void listener_close(struct listener *listener, const char *path);

#endif
