#include "http/listener.h"

#include "base/buf.h"
#include "base/number.h"
#include "base/unix_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <unistd.h>

enum { SYSTEMD_FIRST_FD = 3 }; /* sd_listen_fds(3) */

bool
listener_is_listening(int fd)
{
	int listening = 0;
	socklen_t size = sizeof(listening);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) ==
		   0 &&
	       listening != 0;
}

/* Did systemd hand a socket to this very process? */
static bool
systemd_passed_one(void)
{
	uint64_t pid, count;

	if (number_parse_u64(
		slice_of(getenv("LISTEN_PID")), 1, UINT64_MAX, &pid) == -1 ||
	    number_parse_u64(
		slice_of(getenv("LISTEN_FDS")), 1, INT32_MAX, &count) == -1)
		return false;
	return pid == (uint64_t)getpid() &&
	       listener_is_listening(SYSTEMD_FIRST_FD);
}

int
listener_inherit(struct listener *ret_listener, struct error *err)
{
	int fd = -1;

	if (systemd_passed_one())
		fd = SYSTEMD_FIRST_FD;
	else if (listener_is_listening(STDIN_FILENO))
		fd = STDIN_FILENO;
	else
		return error_set(err, ERROR_NOT_FOUND,
		    "no listening socket was passed to this process");

	int flags = fcntl(fd, F_GETFL);
	if (flags == -1 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) == -1 ||
	    listen(fd, LISTENER_BACKLOG) == -1)
		return error_set_errno(err, "the socket passed as %d", fd);
	*ret_listener = (struct listener){ .fd = fd };
	return 0;
}

int
listener_bind(
    const char *path, struct listener *ret_listener, struct error *err)
{
	struct buf copy = BUF_INIT;
	struct stat made;
	int fd = unix_socket_listen(path, 0660, LISTENER_BACKLOG, err);

	if (fd == -1)
		return -1;
	if (lstat(path, &made) == -1) {
		error_set_errno(err, "%s", path);
		close(fd);
		return -1;
	}
	buf_add_str(&copy, path);
	*ret_listener = (struct listener){
		.fd = fd,
		.path = buf_detach(&copy),
		.device = made.st_dev,
		.inode = made.st_ino,
	};
	return 0;
}

void
listener_hide(struct listener *listener)
{
	struct stat found;

	if (listener->path == NULL)
		return;
	if (lstat(listener->path, &found) == 0 &&
	    found.st_dev == listener->device && found.st_ino == listener->inode)
		unlink(listener->path);
	free(listener->path);
	listener->path = NULL;
}

void
listener_close(struct listener *listener)
{
	listener_hide(listener);
	if (listener->fd != -1)
		close(listener->fd);
	listener->fd = -1;
}
