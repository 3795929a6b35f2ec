/* Stream sockets that stand at a path: who is at home there, and who knocks. */
#ifndef BASE_UNIX_SOCKET_H
#define BASE_UNIX_SOCKET_H

#include "base/error.h"

#include <sys/types.h>
#include <sys/un.h>

/* The address of `path`. ERROR_INVALID: it is empty, or longer than the 107
 * bytes that an address holds. */
int unix_socket_address(
    const char *path, struct sockaddr_un *ret_address, struct error *err);

/* Bind a socket to `path` and listen: the descriptor, non-blocking and
 * close-on-exec. Its mode is `mode` from the first moment, so no chmod()
 * follows that somebody could redirect; the process's umask is changed for
 * that moment. What a killed process left behind is replaced: a socket on
 * which nobody answers. -1: ERROR_BUSY when somebody does; ERROR_INVALID for
 * what is no socket, and as above; ERROR_SYSTEM. */
int unix_socket_listen(
    const char *path, mode_t mode, int backlog, struct error *err);

#endif
