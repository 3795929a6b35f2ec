#include "http/listener.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/number.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>

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

static int
fill_address(
    const char *path, struct sockaddr_un *ret_address, struct error *err)
{
	size_t len = strlen(path), max = sizeof(ret_address->sun_path) - 1;

	if (len == 0 || len > max)
		return error_set(err, ERROR_INVALID,
		    "%s: a socket's path has 1 to %zu bytes, this one %zu",
		    path, max, len);
	*ret_address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(ret_address->sun_path, path, len);
	return 0;
}

static int
new_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* Something stands at the path: remove it if it is a socket on which nobody
 * answers, else say what it is. */
static int
remove_stale(
    const char *path, const struct sockaddr_un *address, struct error *err)
{
	struct stat found;
	cleanup(cleanup_close) int probe = new_socket();

	if (probe == -1)
		return error_set_errno(err, "%s: socket", path);
	if (lstat(path, &found) == -1)
		return error_set_errno(err, "%s", path);
	if (!S_ISSOCK(found.st_mode))
		return error_set(err, ERROR_INVALID,
		    "%s: this is no socket, and is left alone", path);
	if (connect(probe, (const struct sockaddr *)address,
		sizeof(*address)) == 0 ||
	    errno == EAGAIN)
		return error_set(err, ERROR_BUSY,
		    "%s: another process answers on this socket", path);
	if (errno != ECONNREFUSED || unlink(path) == -1)
		return error_set_errno(err, "%s: a socket left behind", path);
	return 0;
}

static int
bind_privately(int fd, const struct sockaddr_un *address)
{
	mode_t before = umask(0117); /* 0660 from the first moment */
	int bound =
	    bind(fd, (const struct sockaddr *)address, sizeof(*address));

	umask(before);
	return bound;
}

/* Bind, taking the place of a socket left behind, and listen. */
static int
bind_and_listen(int fd, const char *path, struct error *err)
{
	struct sockaddr_un address;

	if (fill_address(path, &address, err) == -1)
		return -1;
	if (bind_privately(fd, &address) == -1) {
		if (errno != EADDRINUSE)
			return error_set_errno(err, "%s: bind", path);
		if (remove_stale(path, &address, err) == -1)
			return -1;
		if (bind_privately(fd, &address) == -1)
			return error_set_errno(err, "%s: bind", path);
	}
	if (listen(fd, LISTENER_BACKLOG) == -1)
		return error_set_errno(err, "%s: listen", path);
	return 0;
}

int
listener_bind(
    const char *path, struct listener *ret_listener, struct error *err)
{
	struct buf copy = BUF_INIT;
	struct stat made;
	int fd = new_socket();

	if (fd == -1)
		return error_set_errno(err, "%s: socket", path);
	if (bind_and_listen(fd, path, err) == -1)
		goto fail;
	if (lstat(path, &made) == -1) {
		error_set_errno(err, "%s", path);
		goto fail;
	}
	buf_add_str(&copy, path);
	*ret_listener = (struct listener){
		.fd = fd,
		.path = buf_detach(&copy),
		.device = made.st_dev,
		.inode = made.st_ino,
	};
	return 0;

fail:
	close(fd);
	return -1;
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
