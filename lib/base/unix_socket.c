#include "base/unix_socket.h"

#include "base/cleanup.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <stdbool.h>

int
unix_socket_address(
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

static int
connect_to(int fd, const struct sockaddr_un *address)
{
	return connect(fd, (const struct sockaddr *)address, sizeof(*address));
}

/* Something stands at the path: remove it if it is a socket on which nobody
 * answers, else say what it is. */
static int
remove_stale(const struct sockaddr_un *address, struct error *err)
{
	const char *path = address->sun_path;
	cleanup(cleanup_close) int probe = new_socket();
	struct stat found;

	if (probe == -1)
		return error_set_errno(err, "%s: socket", path);
	if (lstat(path, &found) == -1)
		return errno == ENOENT ? 0 : error_set_errno(err, "%s", path);
	if (!S_ISSOCK(found.st_mode))
		return error_set(err, ERROR_INVALID,
		    "%s: this is no socket, and is left alone", path);
	if (connect_to(probe, address) == 0 ||
	    errno == EAGAIN) /* its backlog is full */
		return error_set(err, ERROR_BUSY,
		    "%s: another process answers on this socket", path);
	if (errno == ENOENT)
		return 0;
	if (errno != ECONNREFUSED || (unlink(path) == -1 && errno != ENOENT))
		return error_set_errno(err, "%s: a socket left behind", path);
	return 0;
}

static int
bind_with_mode(int fd, const struct sockaddr_un *address, mode_t mode)
{
	mode_t before = umask(~mode & 0777);
	int bound =
	    bind(fd, (const struct sockaddr *)address, sizeof(*address));

	umask(before);
	return bound;
}

static int
take_place(
    int fd, const struct sockaddr_un *address, mode_t mode, struct error *err)
{
	if (bind_with_mode(fd, address, mode) == 0)
		return 0;
	if (errno == EADDRINUSE) {
		if (remove_stale(address, err) == -1)
			return -1;
		if (bind_with_mode(fd, address, mode) == 0)
			return 0;
	}
	return error_set_errno(err, "%s: bind", address->sun_path);
}

int
unix_socket_listen(
    const char *path, mode_t mode, int backlog, struct error *err)
{
	cleanup(cleanup_close) int fd = -1;
	struct sockaddr_un address;
	int listening;

	if (unix_socket_address(path, &address, err) == -1)
		return -1;
	fd = new_socket();
	if (fd == -1)
		return error_set_errno(err, "%s: socket", path);
	if (take_place(fd, &address, mode, err) == -1)
		return -1;
	if (listen(fd, backlog) == -1)
		return error_set_errno(err, "%s: listen", path);
	listening = fd;
	fd = -1;
	return listening;
}
