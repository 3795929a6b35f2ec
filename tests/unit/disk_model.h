/* A disk that fails on command, and what would be on it after a power cut.
 *
 * Calls go to real files in a folder of their own; beside them stands a medium
 * (disk_medium.h), which knows what of them would survive.
 *
 *	model_init(&model);
 *	model_fail(&model, "fdatasync", 2, 1, EIO);   the second next one
 *	…
 *	model_power_cut(&model);   the folder is what the disk held
 */
#ifndef TESTS_UNIT_DISK_MODEL_H
#define TESTS_UNIT_DISK_MODEL_H

#include "base/buf.h"
#include "base/disk.h"
#include "tests/unit/disk_medium.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MODEL_FDS = 1024 };

/* What a descriptor is, where it is no file (those count from 0). */
enum { MODEL_CLOSED = -1, MODEL_TORN = -2 };

struct model {
	struct disk disk;
	char path[64];
	int dir;
	struct medium medium;
	int file_of_fd[MODEL_FDS];
	const char *fail_call; /* NULL: any */
	unsigned long fail_in; /* calls from now; 0: never */
	unsigned long fail_times;
	int fail_errno;
	uint64_t chance; /* of what was not synced, what is there; 0: nothing */
	unsigned chaos;	 /* of 100 calls, so many fail; needs chance */
	struct buf trace; /* "pwrite fdatasync …", failures too */

	/* After each call that changes something, or may have. */
	void (*on_call)(void *context, const char *call);
	void *context;
};

/* The next `times` calls of `call` (NULL: of any kind) from the `nth` on fail
 * with `errnum`. */
static inline void
model_fail(struct model *model, const char *call, unsigned long nth,
    unsigned long times, int errnum)
{
	model->fail_call = call;
	model->fail_in = nth;
	model->fail_times = times;
	model->fail_errno = errnum;
}

static inline bool
model_fails(struct model *model, const char *call)
{
	buf_addf(&model->trace, "%s%s", model->trace.len == 0 ? "" : " ", call);
	if (model->chaos > 0 &&
	    chance_below(&model->chance, 100) < model->chaos) {
		errno = model->fail_errno = EIO;
		return true;
	}
	if (model->fail_in == 0 ||
	    (model->fail_call != NULL && strcmp(model->fail_call, call) != 0))
		return false;
	if (model->fail_in > 1) {
		model->fail_in--;
		return false;
	}
	if (--model->fail_times == 0)
		model->fail_in = 0;
	errno = model->fail_errno;
	return true;
}

static inline void
model_called(struct model *model, const char *call)
{
	int saved = errno;

	if (model->on_call != NULL)
		model->on_call(model->context, call);
	errno = saved;
}

static inline uint64_t *
model_chance(struct model *model)
{
	return model->chance == 0 ? NULL : &model->chance;
}

static inline struct medium_file *
model_file(struct model *model, int fd)
{
	int index =
	    fd >= 0 && fd < MODEL_FDS ? model->file_of_fd[fd] : MODEL_CLOSED;

	return index < 0 ? NULL : &model->medium.files[index];
}

/* The name as the medium has it: there is one folder besides the first. */
static inline void
model_name(const struct model *model, int dir, const char *path,
    char ret_name[static MEDIUM_NAME_SIZE])
{
	snprintf(ret_name, MEDIUM_NAME_SIZE, "%s%s",
	    dir == model->dir ? "" : "torn/", path);
}

/* A file that the test itself has put there is on the disk. */
static inline int
model_adopt(struct model *model, const char *name, int fd)
{
	struct medium_file *file = medium_new_file(&model->medium);
	struct stat st;

	if (fstat(fd, &st) == -1)
		abort();
	buf_reserve(&file->now, (size_t)st.st_size);
	if (pread(fd, file->now.data, (size_t)st.st_size, 0) != st.st_size)
		abort();
	buf_set_len(&file->now, (size_t)st.st_size);
	medium_adopt_name(
	    &model->medium, name, (int)model->medium.file_count - 1);
	return (int)model->medium.file_count - 1;
}

static inline int
model_openat(
    struct disk *disk, int dir, const char *path, int flags, mode_t mode)
{
	struct model *model = (struct model *)disk;
	struct medium *medium = &model->medium;
	char name[MEDIUM_NAME_SIZE];
	bool is_new;
	int fd, file;

	if (model_fails(model, "open"))
		return -1;
	model_name(model, dir, path, name);
	is_new = (flags & O_CREAT) != 0 &&
		 faccessat(dir, path, F_OK, AT_SYMLINK_NOFOLLOW) == -1;
	/* What was put there by the test itself has to be read. */
	if ((flags & O_ACCMODE) == O_WRONLY)
		flags = (flags & ~O_ACCMODE) | O_RDWR;
	fd = openat(dir, path, flags | O_CLOEXEC, mode);
	if (fd == -1)
		return -1;
	assert(fd < MODEL_FDS);
	model->file_of_fd[fd] = MODEL_TORN;
	if ((flags & O_DIRECTORY) != 0)
		return fd;
	file = medium_find_name(medium->names, medium->name_count, name);
	if (is_new) {
		(void)medium_new_file(medium);
		file = (int)medium->file_count - 1;
		medium_move(medium, name, file);
	} else if (file == MEDIUM_NO_FILE)
		file = model_adopt(model, name, fd);
	model->file_of_fd[fd] = file;
	if (is_new)
		model_called(model, "open");
	return fd;
}

static inline int
model_close(struct disk *disk, int fd)
{
	struct model *model = (struct model *)disk;

	if (fd >= 0 && fd < MODEL_FDS)
		model->file_of_fd[fd] = MODEL_CLOSED;
	return close(fd);
}

static inline ssize_t
model_pread(struct disk *disk, int fd, void *bytes, size_t len, off_t offset)
{
	if (model_fails((struct model *)disk, "pread"))
		return -1;
	return pread(fd, bytes, len, offset);
}

/* A write that fails has got half its bytes into the file. */
static inline ssize_t
model_pwrite(
    struct disk *disk, int fd, const void *bytes, size_t len, off_t offset)
{
	struct model *model = (struct model *)disk;
	bool fails = model_fails(model, "pwrite");
	ssize_t written = pwrite(fd, bytes, fails ? len / 2 : len, offset);

	if (written > 0)
		medium_change(model_file(model, fd), false, offset, bytes,
		    (size_t)written);
	model_called(model, "pwrite");
	if (!fails)
		return written;
	errno = model->fail_errno;
	return -1;
}

static inline int
model_ftruncate(struct disk *disk, int fd, off_t length)
{
	struct model *model = (struct model *)disk;

	if (model_fails(model, "ftruncate"))
		return -1;
	medium_change(model_file(model, fd), true, length, NULL, 0);
	if (ftruncate(fd, length) == -1)
		return -1;
	model_called(model, "ftruncate");
	return 0;
}

static inline void
model_sync_folder(struct model *model, int fd, bool fails)
{
	bool is_first =
	    fd < 0 || fd >= MODEL_FDS || model->file_of_fd[fd] == MODEL_CLOSED;

	if (!fails)
		medium_sync_names(&model->medium, is_first ? "" : "torn/");
	else if (model->chance != 0)
		medium_drop_names(&model->medium, &model->chance);
}

static inline int
model_sync(struct disk *disk, int fd, const char *call)
{
	struct model *model = (struct model *)disk;
	struct medium_file *file = model_file(model, fd);
	bool fails = model_fails(model, call);

	if (file == NULL)
		model_sync_folder(model, fd, fails);
	else if (!fails)
		medium_sync(file);
	else
		medium_drop(file, model_chance(model));
	model_called(model, call);
	errno = model->fail_errno;
	return fails ? -1 : 0;
}

static inline int
model_fdatasync(struct disk *disk, int fd)
{
	return model_sync(disk, fd, "fdatasync");
}

static inline int
model_fsync(struct disk *disk, int fd)
{
	return model_sync(disk, fd, "fsync");
}

static inline int
model_renameat(struct disk *disk, int dir, const char *from, const char *to)
{
	(void)disk;
	(void)dir;
	(void)from;
	(void)to;
	abort(); /* nobody renames files of the log */
}

static inline int
model_unlinkat(struct disk *disk, int dir, const char *path)
{
	struct model *model = (struct model *)disk;
	char name[MEDIUM_NAME_SIZE];

	if (model_fails(model, "unlink") || unlinkat(dir, path, 0) == -1)
		return -1;
	model_name(model, dir, path, name);
	medium_move(&model->medium, name, MEDIUM_NO_FILE);
	model_called(model, "unlink");
	return 0;
}

static inline int
model_mkdirat(struct disk *disk, int dir, const char *path, mode_t mode)
{
	struct model *model = (struct model *)disk;

	if (model_fails(model, "mkdir") || mkdirat(dir, path, mode) == -1)
		return -1;
	medium_move(&model->medium, path, MEDIUM_FOLDER);
	model_called(model, "mkdir");
	return 0;
}

static inline int
model_fstat(struct disk *disk, int fd, struct stat *ret)
{
	if (model_fails((struct model *)disk, "fstat"))
		return -1;
	return fstat(fd, ret);
}

/* A path from the working directory is the folder's own, whatever the test
 * calls it. */
static inline int
model_fstatat(
    struct disk *disk, int dir, const char *path, struct stat *ret, int flags)
{
	struct model *model = (struct model *)disk;

	if (model_fails(model, "fstatat"))
		return -1;
	return fstatat(dir, dir == AT_FDCWD ? model->path : path, ret, flags);
}

static inline void
model_init(struct model *model)
{
	*model = (struct model){
		.disk = {
			.openat = model_openat,
			.close = model_close,
			.pread = model_pread,
			.pwrite = model_pwrite,
			.ftruncate = model_ftruncate,
			.fdatasync = model_fdatasync,
			.fsync = model_fsync,
			.renameat = model_renameat,
			.unlinkat = model_unlinkat,
			.mkdirat = model_mkdirat,
			.fstat = model_fstat,
			.fstatat = model_fstatat,
		},
		.trace = BUF_INIT,
	};
	for (size_t i = 0; i < MODEL_FDS; i++)
		model->file_of_fd[i] = MODEL_CLOSED;
	/* In memory, if that can be. */
	snprintf(model->path, sizeof(model->path), "%s/kruxos-disk-XXXXXX",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (mkdtemp(model->path) == NULL)
		abort();
	model->dir = open(model->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert(model->dir != -1);
}

static inline void
model_empty_folder(int parent, const char *name)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd == -1 ? NULL : fdopendir(fd);
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		unlinkat(fd, entry->d_name, 0);
	if (dir != NULL)
		closedir(dir);
}

/* A folder of files at `path`, and all of them. */
static inline void
model_remove_folder(const char *path)
{
	model_empty_folder(AT_FDCWD, path);
	rmdir(path);
}

static inline void
model_empty(struct model *model)
{
	model_empty_folder(model->dir, "torn");
	unlinkat(model->dir, "torn", AT_REMOVEDIR);
	model_empty_folder(model->dir, ".");
}

/* The folder becomes what `medium` says, which is the model's from now on.
 * Whoever had a file open must be freed first. */
static inline void
model_become(struct model *model, struct medium *medium)
{
	medium_free(&model->medium);
	model->medium = *medium;
	*medium = (struct medium){ 0 };
	model_empty(model);
	medium_write(&model->medium, model->dir);
}

/* The files become those of the disk. Whoever had one open must be freed
 * first. Without chance nothing reached it that was not synced; with it, any
 * part of it did, and of names that were made or removed. */
static inline void
model_power_cut(struct model *model)
{
	struct medium after;

	medium_cut(&model->medium, model_chance(model), &after);
	model_become(model, &after);
	model_fail(model, NULL, 0, 0, 0);
}

/* Begin anew with the files as they are, put there by the test itself: nothing
 * is open, and all of it is on the disk. */
static inline void
model_forget(struct model *model)
{
	medium_free(&model->medium);
}

static inline void
model_free(struct model *model)
{
	model_empty(model);
	close(model->dir);
	rmdir(model->path);
	medium_free(&model->medium);
	buf_free(&model->trace);
}

#endif
