#include "collectors/kruxosd/folder.h"

#include "base/cleanup.h"
#include "base/disk.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static int
check_owner(const char *path, const struct stat *st, struct error *err)
{
	if (st->st_uid != geteuid())
		return error_set(err, ERROR_NOT_ALLOWED,
		    "%s: the folder belongs to uid %lu, who could replace "
		    "what is in it; this daemon runs as uid %lu",
		    path, (unsigned long)st->st_uid, (unsigned long)geteuid());
	if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return error_set(err, ERROR_NOT_ALLOWED,
		    "%s: others can write to the folder (mode %04o): "
		    "chmod go-w %s",
		    path, (unsigned)(st->st_mode & 07777), path);
	return 0;
}

int
folder_open(const char *path, struct error *err)
{
	cleanup(cleanup_close) int dir = -1;
	struct stat st;
	int opened;

	if (mkdir(path, 0750) == -1 && errno != EEXIST)
		return error_set_errno(err, "%s: mkdir", path);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir == -1 || fstat(dir, &st) == -1)
		return error_set_errno(err, "%s", path);
	if (check_owner(path, &st, err) == -1)
		return -1;
	/* The name of the folder must be as durable as what is in it. A folder
	 * above that may not be read was made by somebody else, and so was
	 * this one. */
	if (disk_sync_name(&disk_system, path) == -1 && errno != EACCES)
		return error_set_errno(err, "%s: its folder: fsync", path);
	opened = dir;
	dir = -1;
	return opened;
}
