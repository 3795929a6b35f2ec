/* The listening socket of a FastCGI program: inherited, or made here. */
#ifndef HTTP_LISTENER_H
#define HTTP_LISTENER_H

#include "base/error.h"

#include <sys/types.h>

#include <stdbool.h>

/* A burst of new connections beyond the backlog becomes 502s: of 64 at once
 * 94 % with the usual 5. */
enum { LISTENER_BACKLOG = 4096 };

struct listener {
	int fd;	    /* non-blocking, close-on-exec; -1: none */
	char *path; /* ours to remove at the end; NULL: inherited */
	dev_t device;
	ino_t inode;
};

#define LISTENER_INIT          \
	{                      \
		-1, NULL, 0, 0 \
	}

/* Is `fd` a socket that listens? */
bool listener_is_listening(int fd);

/* Take what the process was started with: systemd's (LISTEN_FDS), or standard
 * input as spawn-fcgi does it. -1: ERROR_NOT_FOUND when there is neither. */
int listener_inherit(struct listener *ret_listener, struct error *err);

/* Make a unix socket at `path`, mode 0660. One that is there already is
 * replaced if nobody answers on it; ERROR_BUSY if somebody does,
 * ERROR_INVALID if `path` is too long for a socket's address or names
 * something else, ERROR_SYSTEM. */
int listener_bind(
    const char *path, struct listener *ret_listener, struct error *err);

/* Nobody finds it any more: the path is removed, if it is still our socket
 * that stands there. Who has connected already can still be accepted. */
void listener_hide(struct listener *listener);

/* Hide and close; may be called again. */
void listener_close(struct listener *listener);

#endif
