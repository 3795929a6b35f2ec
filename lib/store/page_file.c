#include "store/page_file.h"

#include "base/cleanup.h"
#include "base/disk.h"

#include <sys/stat.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

void
page_file_init(struct page_file *file, const char *path, size_t bytes)
{
	struct buf copy = BUF_INIT;

	buf_add_str(&copy, path);
	*file = (struct page_file){
		.path = buf_detach(&copy),
		.bytes = bytes,
		.fd = -1,
	};
	buf_init(&file->content);
}

void
page_file_close(struct page_file *file)
{
	if (file->fd != -1)
		close(file->fd);
	file->fd = -1;
	buf_free(&file->content);
	free(file->path);
	file->path = NULL;
}

/* --- the writer's side ---------------------------------------------------- */

/* A read lock, for as long as the descriptor is open: nobody who may only read
 * the page can take one that stands in its way. Where there are no locks
 * (ENOLCK), readers have the heartbeat. */
static void
hold(int fd)
{
	struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET };

	fcntl(fd, F_OFD_SETLK, &lock);
}

int
page_file_take(struct page_file *file, struct error *err)
{
	cleanup(cleanup_close) int fd = -1;
	struct stat found;

	fd = open(file->path,
	    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
	if (fd == -1 || fstat(fd, &found) == -1)
		return error_set_errno(err, "%s", file->path);
	if (!S_ISREG(found.st_mode))
		return error_set(
		    err, ERROR_INVALID, "%s: not a file", file->path);
	hold(fd);
	/* Whatever the umask was, the programs must be able to read. */
	if (fchmod(fd, 0644) == -1)
		return error_set_errno(err, "%s", file->path);
	if (file->fd != -1)
		close(file->fd);
	file->fd = fd;
	fd = -1;
	return 0;
}

bool
page_file_is_in_place(const struct page_file *file)
{
	struct stat held, there;

	return file->fd != -1 && fstat(file->fd, &held) == 0 &&
	       lstat(file->path, &there) == 0 && held.st_dev == there.st_dev &&
	       held.st_ino == there.st_ino;
}

int
page_file_allocate(struct page_file *file, struct error *err)
{
	int errnum;

	if (ftruncate(file->fd, (off_t)file->bytes) == -1)
		return error_set_errno(err, "%s", file->path);
	errnum = posix_fallocate(file->fd, 0, (off_t)file->bytes);
	if (errnum != 0 && errnum != EOPNOTSUPP && errnum != EINVAL) {
		errno = errnum;
		return error_set_errno(err, "%s", file->path);
	}
	return 0;
}

int
page_file_write(struct page_file *file, struct error *err)
{
	assert(file->content.len == file->bytes);
	if (disk_write_all(&disk_system, file->fd, file->content.data,
		file->bytes, 0) == -1)
		return error_set_errno(err, "%s", file->path);
	return 0;
}

/* --- the readers' side ---------------------------------------------------- */

int
page_file_reopen(struct page_file *file, struct error *err)
{
	struct stat held, there;

	if (stat(file->path, &there) == -1) {
		if (errno != ENOENT && errno != ENOTDIR)
			return error_set_errno(err, "%s", file->path);
		return error_set(err, ERROR_UNREACHABLE,
		    "%s: no such file: kruxosd is not running", file->path);
	}
	if (file->fd != -1 && fstat(file->fd, &held) == 0 &&
	    held.st_dev == there.st_dev && held.st_ino == there.st_ino)
		return 0;
	if (file->fd != -1)
		close(file->fd);
	file->fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (file->fd == -1)
		return error_set_errno(err, "%s", file->path);
	return 0;
}

int
page_file_read(struct page_file *file)
{
	ssize_t got;

	buf_reset(&file->content);
	buf_reserve(&file->content, file->bytes);
	got = disk_read_all(
	    &disk_system, file->fd, file->content.data, file->bytes, 0);
	if (got < 0 || (size_t)got != file->bytes)
		return -1;
	buf_set_len(&file->content, (size_t)got);
	return 0;
}

/* Would a write lock have to wait? */
bool
page_file_is_held(const struct page_file *file)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(file->fd, F_OFD_GETLK, &lock) == -1 ||
	       lock.l_type != F_UNLCK;
}
