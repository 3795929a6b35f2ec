#include "log/lock.h"

#include "base/cleanup.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>

/* Root makes it for who writes the log, who could not open it else. */
static void
give(int lock, int dir)
{
	struct stat found;

	if (geteuid() == 0 && fstat(dir, &found) == 0 && found.st_uid != 0 &&
	    fchown(lock, found.st_uid, (gid_t)-1) == -1)
		return; /* he will say so */
}

int
lock_take(int dir, const char *path, struct error *err)
{
	cleanup(cleanup_close) int lock = openat(
	    dir, ".lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	int held;

	if (lock == -1)
		return error_set_errno(err, "%s/.lock", path);
	give(lock, dir);
	if (flock(lock, LOCK_EX | LOCK_NB) == -1)
		return errno == EWOULDBLOCK
			   ? error_set(err, ERROR_BUSY,
				 "%s: another kruxosd writes to this log", path)
			   : error_set_errno(err, "%s/.lock: flock", path);
	held = lock;
	lock = -1;
	return held;
}
