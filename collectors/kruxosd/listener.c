#include "collectors/kruxosd/listener.h"

#include "base/unix_socket.h"

#include <sys/socket.h>

#include <fcntl.h>
#include <systemd/sd-daemon.h>

/* The socket that systemd listens on for us; -1 and no error: there is none. */
static int
take_activated(int count, struct error *err)
{
	int fd = SD_LISTEN_FDS_START;

	if (count > 1)
		return error_set(err, ERROR_INVALID,
		    "systemd hands over %d sockets where one is wanted", count);
	if (sd_is_socket_unix(fd, SOCK_STREAM, 1, NULL, 0) <= 0)
		return error_set(err, ERROR_INVALID,
		    "what systemd hands over is no listening unix stream "
		    "socket");
	if (fcntl(fd, F_SETFL, O_NONBLOCK) == -1)
		return error_set_errno(err, "fcntl");
	return fd;
}

int
listener_open(const char *path, bool *ret_is_bound, struct error *err)
{
	int count = sd_listen_fds(1);
	int fd = count > 0 ? take_activated(count, err)
			   : unix_socket_listen(path, 0666, SOMAXCONN, err);

	if (fd != -1)
		*ret_is_bound = count <= 0;
	return fd;
}
