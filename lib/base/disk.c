#include "base/disk.h"

#include "base/buf.h"
#include "base/cleanup.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static int
system_openat(
    struct disk *disk, int dir, const char *path, int flags, mode_t mode)
{
	(void)disk;
	return openat(dir, path, flags | O_CLOEXEC, mode);
}

static int
system_close(struct disk *disk, int fd)
{
	(void)disk;
	return close(fd);
}

static ssize_t
system_pread(struct disk *disk, int fd, void *bytes, size_t len, off_t offset)
{
	(void)disk;
	return pread(fd, bytes, len, offset);
}

static ssize_t
system_pwrite(
    struct disk *disk, int fd, const void *bytes, size_t len, off_t offset)
{
	(void)disk;
	return pwrite(fd, bytes, len, offset);
}

static int
system_ftruncate(struct disk *disk, int fd, off_t length)
{
	(void)disk;
	return ftruncate(fd, length);
}

static int
system_fdatasync(struct disk *disk, int fd)
{
	(void)disk;
	return fdatasync(fd);
}

static int
system_fsync(struct disk *disk, int fd)
{
	(void)disk;
	return fsync(fd);
}

static int
system_renameat(struct disk *disk, int dir, const char *from, const char *to)
{
	(void)disk;
	return renameat(dir, from, dir, to);
}

static int
system_unlinkat(struct disk *disk, int dir, const char *path)
{
	(void)disk;
	return unlinkat(dir, path, 0);
}

static int
system_mkdirat(struct disk *disk, int dir, const char *path, mode_t mode)
{
	(void)disk;
	return mkdirat(dir, path, mode);
}

static int
system_fstat(struct disk *disk, int fd, struct stat *ret)
{
	(void)disk;
	return fstat(fd, ret);
}

static int
system_fstatat(
    struct disk *disk, int dir, const char *path, struct stat *ret, int flags)
{
	(void)disk;
	return fstatat(dir, path, ret, flags);
}

struct disk disk_system = {
	.openat = system_openat,
	.close = system_close,
	.pread = system_pread,
	.pwrite = system_pwrite,
	.ftruncate = system_ftruncate,
	.fdatasync = system_fdatasync,
	.fsync = system_fsync,
	.renameat = system_renameat,
	.unlinkat = system_unlinkat,
	.mkdirat = system_mkdirat,
	.fstat = system_fstat,
	.fstatat = system_fstatat,
};

int
disk_write_all(
    struct disk *disk, int fd, const void *bytes, size_t len, off_t offset)
{
	const char *from = bytes;

	while (len > 0) {
		ssize_t written = disk->pwrite(disk, fd, from, len, offset);

		if (written == -1 && errno == EINTR)
			continue;
		if (written == -1)
			return -1;
		if (written == 0) {
			/* POSIX leaves this open; it must not be a loop. */
			errno = EIO;
			return -1;
		}
		from += written;
		offset += written;
		len -= (size_t)written;
	}
	return 0;
}

ssize_t
disk_read_all(struct disk *disk, int fd, void *bytes, size_t len, off_t offset)
{
	size_t done = 0;

	while (done < len) {
		ssize_t got = disk->pread(disk, fd, (char *)bytes + done,
		    len - done, offset + (off_t)done);

		if (got == -1 && errno == EINTR)
			continue;
		if (got == -1)
			return -1;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

int
disk_sync_name(struct disk *disk, const char *path)
{
	const char *slash = strrchr(path, '/');
	cleanup(buf_free) struct buf folder = BUF_INIT;
	int dir, result, errnum;

	if (slash == NULL)
		buf_add_str(&folder, ".");
	else
		buf_add(&folder, path, (size_t)(slash - path) + 1);
	dir = disk->openat(
	    disk, AT_FDCWD, folder.data, O_RDONLY | O_DIRECTORY, 0);
	if (dir == -1)
		return -1;
	result = disk->fsync(disk, dir);
	errnum = errno;
	disk->close(disk, dir);
	errno = errnum;
	return result;
}
