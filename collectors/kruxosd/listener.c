#include "collectors/kruxosd/listener.h"

#include "base/unix_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

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

static int
bind_new(const char *path, struct listener *listener, struct error *err)
{
	struct stat st;

	listener->fd = unix_socket_listen(path, 0666, SOMAXCONN, err);
	if (listener->fd == -1)
		return -1;
	if (lstat(path, &st) == -1) {
		error_set_errno(err, "%s", path);
		close(listener->fd);
		return -1;
	}
	listener->is_bound = true;
	listener->device = st.st_dev;
	listener->inode = st.st_ino;
	return 0;
}

int
listener_open(
    const char *path, struct listener *ret_listener, struct error *err)
{
	struct listener listener = LISTENER_CLOSED;
	int count = sd_listen_fds(1);

	if (count > 0)
		listener.fd = take_activated(count, err);
	if (count > 0 ? listener.fd == -1
		      : bind_new(path, &listener, err) == -1)
		return -1;
	*ret_listener = listener;
	return 0;
}

bool
listener_is_there(const struct listener *listener, const char *path)
{
	struct stat st;

	return !listener->is_bound ||
	       (lstat(path, &st) == 0 && st.st_dev == listener->device &&
		   st.st_ino == listener->inode);
}

void
listener_close(struct listener *listener, const char *path)
{
	if (listener->fd == -1)
		return;
	/* As long as it is open, no other can have its inode. */
	if (listener->is_bound && listener_is_there(listener, path))
		unlink(path);
	close(listener->fd);
	*listener = (struct listener)LISTENER_CLOSED;
}
