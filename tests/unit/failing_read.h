/* A disk that fails one read, the machine's own otherwise: for what reads by
 * disk_system. One more read may succeed each time, until none has failed. */
#ifndef TESTS_UNIT_FAILING_READ_H
#define TESTS_UNIT_FAILING_READ_H

#include "base/disk.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>

static unsigned failing_read_after; /* so many that succeed */
static ssize_t (*failing_read_true)(
    struct disk *disk, int fd, void *bytes, size_t len, off_t offset);

static ssize_t
failing_read_pread(
    struct disk *disk, int fd, void *bytes, size_t len, off_t offset)
{
	if (failing_read_after-- == 0) {
		errno = EIO;
		return -1;
	}
	return failing_read_true(disk, fd, bytes, len, offset);
}

static void
failing_read_begin(void)
{
	failing_read_true = disk_system.pread;
	disk_system.pread = failing_read_pread;
}

/* Did that one come? */
static bool
failing_read_has_failed(void)
{
	return failing_read_after > UINT_MAX / 2;
}

static void
failing_read_end(void)
{
	disk_system.pread = failing_read_true;
}

#endif
