#include "cli/run/rundir.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "config/config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

static int
make_folder(int at, const char *name, struct error *err)
{
	struct stat found;

	if (mkdirat(at, name, 0700) == -1 && errno != EEXIST)
		return error_set_errno(err, "%s", name);
	if (fstatat(at, name, &found, AT_SYMLINK_NOFOLLOW) == -1)
		return error_set_errno(err, "%s", name);
	if (!S_ISDIR(found.st_mode))
		return error_set(
		    err, ERROR_INVALID, "%s: this is no folder", name);
	if (found.st_uid != geteuid())
		return error_set(err, ERROR_INVALID,
		    "%s: this folder belongs to another user (uid %u)", name,
		    (unsigned)found.st_uid);
	if ((found.st_mode & 077) != 0)
		return error_set(err, ERROR_INVALID,
		    "%s: others may use this folder (mode %03o); it must be "
		    "yours alone: chmod 700",
		    name, (unsigned)found.st_mode & 0777);
	return 0;
}

/* Nobody else may put another folder in the place of this one. */
static int
check_above(const char *dir, struct error *err)
{
	cleanup(buf_free) struct buf path = BUF_INIT;
	struct stat found;

	buf_add_str(&path, dir);
	while (path.len > 1) {
		const char *slash = strrchr(path.data, '/');

		buf_set_len(&path,
		    slash == path.data ? 1 : (size_t)(slash - path.data));
		if (stat(path.data, &found) == -1)
			return error_set_errno(err, "%s", path.data);
		if ((found.st_mode & S_IWOTH) != 0 &&
		    (found.st_mode & S_ISVTX) == 0)
			return error_set(err, ERROR_INVALID,
			    "%s: anybody may write to this folder, and %s lies "
			    "in it",
			    path.data, dir);
	}
	return 0;
}

/* The folders, and what alone may stand in them. A certificate may be a link,
 * it is only read; so is what is added to nginx's configuration. */
static const struct {
	const char *name;
	mode_t type; /* 0: anything */
	const char *what;
} rundir_folders[] = {
	{ "tls", 0, "" },
	{ "nginx.d", 0, "" },
	{ "log", S_IFREG, "file" },
	{ "pid", S_IFREG, "file" },
	{ "tmp", S_IFDIR, "folder" },
};

static const char *
kind_of(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFLNK:
		return "symbolic link";
	case S_IFDIR:
		return "folder";
	case S_IFIFO:
		return "FIFO";
	case S_IFSOCK:
		return "socket";
	case S_IFREG:
		return "file";
	default:
		return "device";
	}
}

/* nginx follows a link to write its log and waits for a FIFO's reader; so
 * whatever is not as we made it is refused. */
static int
check_folder(const struct rundir *dir, size_t index, struct error *err)
{
	const char *name = rundir_folders[index].name;
	int fd = openat(
	    dir->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	cleanup(cleanup_closedir) DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	struct stat found;

	if (folder == NULL) {
		error_set_errno(err, "%s/%s", dir->path, name);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	while ((entry = readdir(folder)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0 ||
		    fstatat(fd, entry->d_name, &found, AT_SYMLINK_NOFOLLOW) ==
			-1) /* gone again */
			continue;
		if ((found.st_mode & S_IFMT) != rundir_folders[index].type)
			return error_set(err, ERROR_INVALID,
			    "%s/%s/%s: this is a %s, and no %s of ours; it is "
			    "left alone",
			    dir->path, name, entry->d_name,
			    kind_of(found.st_mode), rundir_folders[index].what);
	}
	return 0;
}

int
rundir_open(struct rundir *dir, const char *name, struct arena *arena,
    struct error *err)
{
	cleanup(cleanup_free) char *real = NULL;

	if (make_folder(AT_FDCWD, name, err) == -1)
		return -1;
	real = realpath(name, NULL);
	if (real == NULL)
		return error_set_errno(err, "%s", name);
	if (strlen(real) > CONFIG_RUNTIME_BYTES)
		return error_set(err, ERROR_INVALID,
		    "%s: %zu bytes too long for the paths of the sockets in "
		    "it; choose a shorter RUNDIR",
		    real, strlen(real) - CONFIG_RUNTIME_BYTES);
	if (check_above(real, err) == -1)
		return -1;
	dir->path = arena_printf(arena, "%s", real);
	dir->fd = open(real, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir->fd == -1)
		return error_set_errno(err, "%s", real);
	for (size_t i = 0;
	     i < sizeof(rundir_folders) / sizeof(rundir_folders[0]); i++) {
		if (make_folder(dir->fd, rundir_folders[i].name, err) == -1)
			return error_prefix(err, "%s", real);
		if (rundir_folders[i].type != 0 &&
		    check_folder(dir, i, err) == -1)
			return -1;
	}
	return 0;
}

void
rundir_close(struct rundir *dir)
{
	cleanup_close(&dir->fd);
	cleanup_close(&dir->lock_fd);
	dir->fd = dir->lock_fd = -1;
}

int
rundir_lock(struct rundir *dir, struct error *err)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	cleanup(buf_free) struct buf pid = BUF_INIT;

	dir->lock_fd = openat(dir->fd, "pid/kruxos-run.pid",
	    O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (dir->lock_fd == -1)
		return error_set_errno(err, "%s/pid/kruxos-run.pid", dir->path);
	if (fcntl(dir->lock_fd, F_SETLK, &lock) == -1)
		return error_set(err, ERROR_BUSY,
		    "%s: already running, as process %d", dir->path,
		    (int)rundir_holder(dir));
	buf_addf(&pid, "%d\n", (int)getpid());
	if (ftruncate(dir->lock_fd, 0) == -1 ||
	    pwrite(dir->lock_fd, pid.data, pid.len, 0) == -1)
		return error_set_errno(err, "%s/pid/kruxos-run.pid", dir->path);
	return 0;
}

pid_t
rundir_holder(const struct rundir *dir)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if (dir->lock_fd == -1 || fcntl(dir->lock_fd, F_GETLK, &lock) == -1 ||
	    lock.l_type == F_UNLCK)
		return 0;
	return lock.l_pid;
}

pid_t
rundir_look(struct rundir *dir, const char *name, struct arena *arena)
{
	cleanup(cleanup_free) char *real = realpath(name, NULL);

	if (real == NULL)
		return 0;
	dir->path = arena_printf(arena, "%s", real);
	dir->lock_fd = open(rundir_file(dir, "pid/kruxos-run.pid", arena),
	    O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	return rundir_holder(dir);
}

char *
rundir_file(const struct rundir *dir, const char *name, struct arena *arena)
{
	return arena_printf(arena, "%s/%s", dir->path, name);
}

int
rundir_create(const struct rundir *dir, const char *name, struct error *err)
{
	cleanup(buf_free) struct buf new = BUF_INIT;
	int fd;

	buf_addf(&new, "%s.new", name);
	unlinkat(dir->fd, new.data, 0);
	fd = openat(dir->fd, new.data,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1)
		return error_set_errno(err, "%s/%s", dir->path, new.data);
	return fd;
}

int
rundir_commit(const struct rundir *dir, const char *name, struct error *err)
{
	cleanup(buf_free) struct buf new = BUF_INIT;

	buf_addf(&new, "%s.new", name);
	if (renameat(dir->fd, new.data, dir->fd, name) == -1)
		return error_set_errno(err, "%s/%s", dir->path, name);
	return 0;
}

int
rundir_write(const struct rundir *dir, const char *name, struct slice text,
    struct error *err)
{
	cleanup(cleanup_close) int fd = rundir_create(dir, name, err);

	if (fd == -1)
		return -1;
	if (write(fd, text.data, text.len) != (ssize_t)text.len)
		return error_set_errno(err, "%s/%s.new", dir->path, name);
	return rundir_commit(dir, name, err);
}

int
rundir_open_log(const struct rundir *dir, const char *name, struct error *err)
{
	cleanup(buf_free) struct buf path = BUF_INIT;
	int fd;

	buf_addf(&path, "log/%s.log", name);
	fd = openat(dir->fd, path.data,
	    O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1)
		return error_set_errno(err, "%s/%s", dir->path, path.data);
	return fd;
}
