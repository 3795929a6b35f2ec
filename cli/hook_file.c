#include "cli/hook_file.h"

#include "base/cleanup.h"
#include "base/disk.h"
#include "cli/hook_settings.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>

static bool
is_trusted(uid_t owner)
{
	return owner == geteuid() || owner == 0;
}

/* What `path` leads to: itself, or what a link of ours names. Where nothing is
 * there yet, `path`. */
static int
find_target(struct hook_file *file, struct arena *arena, struct error *err)
{
	cleanup(cleanup_free) char *target = NULL;
	struct stat found;

	file->target = file->path;
	if (lstat(file->path, &found) == -1)
		return errno == ENOENT || errno == ENOTDIR
			   ? 0
			   : error_set_errno(err, "%s", file->path);
	if (!is_trusted(found.st_uid))
		return error_set(err, ERROR_NOT_ALLOWED,
		    "%s belongs to uid %u, and is left alone", file->path,
		    (unsigned)found.st_uid);
	if (!S_ISLNK(found.st_mode))
		return 0;
	target = realpath(file->path, NULL);
	if (target == NULL)
		return error_set_errno(err, "%s", file->path);
	file->target = arena_printf(arena, "%s", target);
	return 0;
}

/* The bytes of an open file, appended. */
static int
read_all(int fd, const char *path, struct buf *ret, struct error *err)
{
	ssize_t len;

	buf_reserve(ret, HOOK_SETTINGS_BYTES + 1);
	len = disk_read_all(
	    &disk_system, fd, ret->data + ret->len, HOOK_SETTINGS_BYTES + 1, 0);
	if (len == -1)
		return error_set_errno(err, "%s", path);
	if (len > HOOK_SETTINGS_BYTES)
		return error_set(err, ERROR_TOO_LONG,
		    "%s is longer than settings are: 1 MiB", path);
	buf_set_len(ret, ret->len + (size_t)len);
	return 0;
}

/* Open what is there. Returns the descriptor; -1 and errno ENOENT, or err. */
static int
open_target(const struct hook_file *file, struct stat *ret, struct error *err)
{
	int fd =
	    open(file->target, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd == -1)
		return error_set_errno(err, "%s", file->target);
	if (fstat(fd, ret) == -1)
		error_set_errno(err, "%s", file->target);
	else if (!S_ISREG(ret->st_mode))
		error_set(err, ERROR_INVALID, "%s is no file", file->target);
	else if (!is_trusted(ret->st_uid))
		error_set(err, ERROR_NOT_ALLOWED,
		    "%s belongs to uid %u, and is left alone", file->target,
		    (unsigned)ret->st_uid);
	else
		return fd;
	close(fd);
	errno = 0;
	return -1;
}

static bool
is_missing(const struct error *err)
{
	return err->errnum == ENOENT || err->errnum == ENOTDIR;
}

int
hook_file_open(struct hook_file *file, const char *path, struct arena *arena,
    struct error *err)
{
	cleanup(cleanup_close) int fd = -1;
	struct error why = { 0 };
	struct stat found;

	*file = (struct hook_file){
		.path = path, .mode = 0644, .group = (gid_t)-1, .text = BUF_INIT
	};
	if (find_target(file, arena, err) == -1)
		return -1;
	fd = open_target(file, &found, &why);
	if (fd == -1 && is_missing(&why))
		return 0;
	if (fd == -1) {
		*err = why;
		return -1;
	}
	file->exists = true;
	file->mode = found.st_mode & 07777;
	file->group = found.st_gid;
	return read_all(fd, path, &file->text, err);
}

void
hook_file_close(struct hook_file *file)
{
	buf_free(&file->text);
}

/* Is it still what was read? Agents write their settings, too. */
static int
check_unchanged(const struct hook_file *file, struct error *err)
{
	cleanup(cleanup_close) int fd = -1;
	cleanup(buf_free) struct buf text = BUF_INIT;
	struct error why = { 0 };
	struct stat found;
	bool same = false;

	fd = open_target(file, &found, &why);
	if (fd == -1)
		same = !file->exists && is_missing(&why);
	else if (read_all(fd, file->path, &text, &why) == 0)
		same = file->exists &&
		       slice_equal(buf_slice(&text), buf_slice(&file->text));
	if (same)
		return 0;
	return error_set(err, ERROR_BUSY,
	    "%s has changed since it was read; nothing was written, try again",
	    file->path);
}

/* Make the folders above `path` that are missing. */
static int
make_folders(const char *path, struct error *err)
{
	cleanup(buf_free) struct buf folder = BUF_INIT;
	const char *slash = path;

	while ((slash = strchr(slash + 1, '/')) != NULL) {
		buf_reset(&folder);
		buf_add(&folder, path, (size_t)(slash - path));
		if (mkdir(folder.data, 0755) == -1 && errno != EEXIST)
			return error_set_errno(err, "%s", folder.data);
	}
	return 0;
}

static int
sync_name(const char *path, struct error *err)
{
	if (disk_sync_name(&disk_system, path) == -1)
		return error_set_errno(err, "%s: its folder: fsync", path);
	return 0;
}

/* The new file, under the name at `temporary`, whole and on the disk. */
static int
write_new(const struct hook_file *file, char *temporary, struct slice text,
    struct error *err)
{
	cleanup(cleanup_close) int fd = mkostemp(temporary, O_CLOEXEC);

	if (fd == -1)
		return error_set_errno(err, "%s", temporary);
	/* The group is kept where that is allowed. */
	if (file->exists && fchown(fd, (uid_t)-1, file->group) == -1)
		errno = 0;
	if (fchmod(fd, file->mode) == -1 ||
	    disk_write_all(&disk_system, fd, text.data, text.len, 0) == -1 ||
	    fsync(fd) == -1) {
		error_set_errno(err, "%s", temporary);
		unlink(temporary);
		return -1;
	}
	return 0;
}

/* Put `text` at `path` by way of a new file beside it. */
static int
put(const struct hook_file *file, const char *path, struct slice text,
    struct error *err)
{
	cleanup(buf_free) struct buf temporary = BUF_INIT;

	buf_addf(&temporary, "%s.XXXXXX", path);
	if (write_new(file, temporary.data, text, err) == -1)
		return -1;
	if (rename(temporary.data, path) == 0)
		return sync_name(path, err);
	error_set_errno(err, "%s", path);
	unlink(temporary.data);
	return -1;
}

/* The file as it was stays beside it. */
static int
keep_old(const struct hook_file *file, struct error *err)
{
	cleanup(buf_free) struct buf path = BUF_INIT;

	buf_addf(&path, "%s.before-kruxos", file->target);
	return put(file, path.data, buf_slice(&file->text), err);
}

int
hook_file_replace(struct hook_file *file, struct slice text, struct error *err)
{
	if (make_folders(file->target, err) == -1 ||
	    check_unchanged(file, err) == -1)
		return -1;
	if (file->exists && keep_old(file, err) == -1)
		return -1;
	return put(file, file->target, text, err);
}

int
hook_file_remove(struct hook_file *file, struct error *err)
{
	if (check_unchanged(file, err) == -1)
		return -1;
	if (unlink(file->target) == -1)
		return error_set_errno(err, "%s", file->target);
	return sync_name(file->target, err);
}
