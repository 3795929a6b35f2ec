/* The disk, as the core of the daemon sees it.
 *
 * Everything that makes bytes durable goes through this table: the system's
 * own in a daemon, a recorder's or a liar's in a test of faults. Functions are
 * thin: they return what the system call returns (-1 and errno). Short writes
 * and EINTR are the caller's to handle; disk_write_all() does.
 */
#ifndef BASE_DISK_H
#define BASE_DISK_H

#include <sys/types.h>

#include <stddef.h>

struct stat;

struct disk {
	int (*openat)(struct disk *disk, int dir, const char *path, int flags,
	    mode_t mode);
	int (*close)(struct disk *disk, int fd);
	ssize_t (*pread)(
	    struct disk *disk, int fd, void *bytes, size_t len, off_t offset);
	ssize_t (*pwrite)(struct disk *disk, int fd, const void *bytes,
	    size_t len, off_t offset);
	int (*ftruncate)(struct disk *disk, int fd, off_t length);
	int (*fdatasync)(struct disk *disk, int fd);
	int (*fsync)(struct disk *disk, int fd); /* of a directory too */
	int (*renameat)(
	    struct disk *disk, int dir, const char *from, const char *to);
	int (*unlinkat)(struct disk *disk, int dir, const char *path);
	int (*mkdirat)(
	    struct disk *disk, int dir, const char *path, mode_t mode);
	int (*fstat)(struct disk *disk, int fd, struct stat *ret);
	int (*fstatat)(struct disk *disk, int dir, const char *path,
	    struct stat *ret, int flags);
};

/* The machine's own. */
extern struct disk disk_system;

/* Write all of it at `offset`, however many calls that takes. -1 and errno;
 * some of the bytes may then be in the file. */
int disk_write_all(
    struct disk *disk, int fd, const void *bytes, size_t len, off_t offset);

/* Read `len` bytes at `offset`, or as many as there are; returns how many,
 * -1 and errno. */
ssize_t
disk_read_all(struct disk *disk, int fd, void *bytes, size_t len, off_t offset);

/* Sync the folder that `path` lies in: a new name is then as durable as what it
 * names. -1 and errno. */
int disk_sync_name(struct disk *disk, const char *path);

#endif
