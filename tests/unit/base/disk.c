#include "lib/base/disk.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"

#include <string.h>

/* A disk that takes and gives at most three bytes a call, with an EINTR
 * between; `fail_after` bytes in all, then it is full. */
struct stingy {
	struct disk disk;
	char bytes[64];
	size_t length;
	size_t fail_after;
	unsigned calls;
};

static ssize_t
stingy_pwrite(
    struct disk *disk, int fd, const void *bytes, size_t len, off_t offset)
{
	struct stingy *stingy = (struct stingy *)disk;
	size_t some = len < 3 ? len : 3;

	(void)fd;
	if (stingy->calls++ % 2 == 0) {
		errno = EINTR;
		return -1;
	}
	if ((size_t)offset + some > stingy->fail_after) {
		errno = ENOSPC;
		return -1;
	}
	memcpy(stingy->bytes + offset, bytes, some);
	if ((size_t)offset + some > stingy->length)
		stingy->length = (size_t)offset + some;
	return (ssize_t)some;
}

static ssize_t
stingy_pread(struct disk *disk, int fd, void *bytes, size_t len, off_t offset)
{
	struct stingy *stingy = (struct stingy *)disk;
	size_t left = stingy->length - (size_t)offset;
	size_t some = len < 3 ? len : 3;

	(void)fd;
	if (stingy->calls++ % 2 == 0) {
		errno = EINTR;
		return -1;
	}
	if (some > left)
		some = left;
	memcpy(bytes, stingy->bytes + offset, some);
	return (ssize_t)some;
}

static ssize_t
write_nothing(
    struct disk *disk, int fd, const void *bytes, size_t len, off_t offset)
{
	(void)disk;
	(void)fd;
	(void)bytes;
	(void)len;
	(void)offset;
	return 0;
}

static struct stingy
stingy_new(size_t fail_after)
{
	return (struct stingy){
		.disk = { .pwrite = stingy_pwrite, .pread = stingy_pread },
		.fail_after = fail_after,
	};
}

static void
all_is_written_and_read_however_many_calls_it_takes(void **state)
{
	struct stingy stingy = stingy_new(64);
	char back[20];

	(void)state;
	assert_int_equal(
	    disk_write_all(&stingy.disk, 0, "0123456789", 10, 0), 0);
	assert_int_equal(disk_write_all(&stingy.disk, 0, "abcd", 4, 10), 0);
	assert_int_equal(
	    disk_read_all(&stingy.disk, 0, back, sizeof(back), 2), 12);
	assert_memory_equal(back, "23456789abcd", 12);
	assert_int_equal(disk_read_all(&stingy.disk, 0, back, 5, 0), 5);
	assert_memory_equal(back, "01234", 5);
}

static void
a_failed_write_says_why(void **state)
{
	struct stingy stingy = stingy_new(5);

	(void)state;
	assert_int_equal(
	    disk_write_all(&stingy.disk, 0, "0123456789", 10, 0), -1);
	assert_int_equal(errno, ENOSPC);
	stingy.disk.pwrite = write_nothing;
	assert_int_equal(disk_write_all(&stingy.disk, 0, "0", 1, 0), -1);
	assert_int_equal(errno, EIO);
}

static void
the_system_s_disk_is_the_file_system(void **state)
{
	cleanup(cleanup_close) int dir = -1;
	cleanup(cleanup_close) int fd = -1;
	struct disk *disk = &disk_system;
	char folder[] = "/tmp/kruxos-disk-XXXXXX", back[8];
	struct stat stat;

	(void)state;
	assert_non_null(mkdtemp(folder));
	dir = disk->openat(disk, AT_FDCWD, folder, O_RDONLY | O_DIRECTORY, 0);
	assert_true(dir >= 0);
	fd = disk->openat(
	    disk, dir, "a", O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(disk_write_all(disk, fd, "12345678", 8, 0), 0);
	assert_int_equal(disk->ftruncate(disk, fd, 5), 0);
	assert_int_equal(disk->fdatasync(disk, fd), 0);
	assert_int_equal(disk->fsync(disk, dir), 0);
	assert_int_equal(disk_read_all(disk, fd, back, 8, 1), 4);
	assert_memory_equal(back, "2345", 4);
	assert_int_equal(disk->fstat(disk, fd, &stat), 0);
	assert_int_equal(stat.st_size, 5);
	assert_int_equal(disk->mkdirat(disk, dir, "torn", 0700), 0);
	assert_int_equal(disk->renameat(disk, dir, "a", "torn/b"), 0);
	assert_int_equal(disk->unlinkat(disk, dir, "a"), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(disk->unlinkat(disk, dir, "torn/b"), 0);
	assert_int_equal(disk->close(disk, fd), 0);
	fd = -1;
	assert_int_equal(unlinkat(dir, "torn", AT_REMOVEDIR), 0);
	assert_int_equal(rmdir(folder), 0);
}

static void
a_name_is_synced_where_it_lies(void **state)
{
	(void)state;
	assert_int_equal(disk_sync_name(&disk_system, "here"), 0);
	assert_int_equal(disk_sync_name(&disk_system, "/here"), 0);
	assert_int_equal(disk_sync_name(&disk_system, "/tmp/here"), 0);
	assert_int_equal(disk_sync_name(&disk_system, "/nowhere/here"), -1);
	assert_int_equal(errno, ENOENT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    all_is_written_and_read_however_many_calls_it_takes),
		cmocka_unit_test(a_failed_write_says_why),
		cmocka_unit_test(the_system_s_disk_is_the_file_system),
		cmocka_unit_test(a_name_is_synced_where_it_lies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
