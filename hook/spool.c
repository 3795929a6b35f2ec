#include "hook/spool.h"

#include "base/buf.h"
#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

/* As little of the disk as kruxosd leaves to agents (commit.h): 5 % and
 * 256 MiB. */
enum { RESERVE_PERCENT = 5 };
#define RESERVE_BYTES ((unsigned long long)256 << 20)

static int
check_room(int dir, const char *folder, struct error *err)
{
	struct statvfs disk;
	unsigned long long free_bytes;

	if (fstatvfs(dir, &disk) == -1)
		return error_set_errno(err, "%s: statvfs", folder);
	free_bytes = (unsigned long long)disk.f_bavail * disk.f_frsize;
	if (free_bytes < RESERVE_BYTES &&
	    disk.f_bavail < disk.f_blocks / 100 * RESERVE_PERCENT)
		return error_set(
		    err, ERROR_BUSY, "%s: the disk is nearly full", folder);
	return 0;
}

static int
write_all(int fd, struct slice bytes)
{
	while (bytes.len > 0) {
		ssize_t written = write(fd, bytes.data, bytes.len);

		if (written == -1 && errno != EINTR)
			return -1;
		if (written > 0) {
			bytes.data += written;
			bytes.len -= (size_t)written;
		}
	}
	return fdatasync(fd);
}

int
spool_write(
    const char *folder, usec_t now, struct slice lines, struct error *err)
{
	cleanup(buf_free) struct buf name = BUF_INIT;
	cleanup(buf_free) struct buf begun = BUF_INIT;
	cleanup(cleanup_close) int dir =
	    open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	cleanup(cleanup_close) int fd = -1;

	if (dir == -1)
		return error_set_errno(err, "%s", folder);
	if (check_room(dir, folder, err) == -1)
		return -1;
	buf_addf(&name, "%020llu-%ld.ndjson", (unsigned long long)now,
	    (long)getpid());
	buf_addf(&begun, ".%s", name.data);
	fd = openat(dir, begun.data,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (fd == -1)
		return error_set_errno(err, "%s/%s", folder, begun.data);
	/* Whatever the umask is, whose group the folder has must read it. */
	if (fchmod(fd, 0640) == -1 || write_all(fd, lines) == -1 ||
	    renameat2(dir, begun.data, dir, name.data, RENAME_NOREPLACE) ==
		-1) {
		error_set_errno(err, "%s/%s", folder, name.data);
		unlinkat(dir, begun.data, 0);
		return -1;
	}
	return 0;
}
