#include "collectors/kruxosd/listener.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>

static int
make_socket(struct error *err)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	return fd == -1 ? error_set_errno(err, "socket") : fd;
}

/* Does anybody answer at `address`? 1: yes; 0: no; -1. */
static int
is_answered(const struct sockaddr_un *address, struct error *err)
{
	cleanup(cleanup_close) int fd = make_socket(err);

	if (fd == -1)
		return -1;
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) ==
		0 ||
	    errno == EAGAIN) /* his backlog is full */
		return 1;
	if (errno == ECONNREFUSED || errno == ENOENT)
		return 0;
	return error_set_errno(err, "%s: connect", address->sun_path);
}

/* Something stands at the path. Remove what a killed daemon left behind, and
 * nothing else. */
static int
remove_stale(const struct sockaddr_un *address, struct error *err)
{
	const char *path = address->sun_path;
	struct stat found;
	int answered;

	if (lstat(path, &found) == -1)
		return errno == ENOENT ? 0 : error_set_errno(err, "%s", path);
	if (!S_ISSOCK(found.st_mode))
		return error_set(err, ERROR_INVALID,
		    "%s: there is something else than a socket", path);
	answered = is_answered(address, err);
	if (answered == -1)
		return -1;
	if (answered)
		return error_set(
		    err, ERROR_BUSY, "%s: another process answers there", path);
	if (unlink(path) == -1 && errno != ENOENT)
		return error_set_errno(err, "%s: unlink", path);
	return 0;
}

/* The mode is there from the first moment: no chmod() that somebody could
 * redirect. */
static int
bind_open_to_all(int fd, const struct sockaddr_un *address)
{
	mode_t before = umask(0111);
	int result =
	    bind(fd, (const struct sockaddr *)address, sizeof(*address));
	int errnum = errno;

	umask(before);
	errno = errnum;
	return result;
}

static int
bind_path(const char *path, struct error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	cleanup(cleanup_close) int fd = -1;
	size_t len = strlen(path);
	int bound;

	if (len >= sizeof(address.sun_path))
		return error_set(err, ERROR_INVALID,
		    "%s: the path of a socket has at most %zu bytes, this one "
		    "%zu",
		    path, sizeof(address.sun_path) - 1, len);
	memcpy(address.sun_path, path, len);
	fd = make_socket(err);
	if (fd == -1)
		return -1;
	if (remove_stale(&address, err) == -1)
		return -1;
	if (bind_open_to_all(fd, &address) == -1)
		return error_set_errno(err, "%s: bind", path);
	if (listen(fd, SOMAXCONN) == -1)
		return error_set_errno(err, "%s: listen", path);
	bound = fd;
	fd = -1;
	return bound;
}

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
	int fd = count > 0 ? take_activated(count, err) : bind_path(path, err);

	if (fd != -1)
		*ret_is_bound = count <= 0;
	return fd;
}
