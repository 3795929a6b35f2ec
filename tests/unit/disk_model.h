/* A disk that fails on command, and what would be on it after a power cut.
 *
 * Calls go to real files in a folder of their own; beside them stands what a
 * disk would hold: bytes become durable by a sync of their file, names by a
 * sync of the folder. A sync that fails drops what it should have written, as
 * Linux does: the page cache shows it, the disk never gets it, and a later
 * sync succeeds without it.
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

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MODEL_FILES = 256, MODEL_FDS = 1024, MODEL_RANGES = 256 };

struct model_range {
	off_t from, to;
};

/* A file, by its inode: its name may be given to another later. */
struct model_file {
	char name[64];
	bool is_linked;		/* the name is there */
	bool is_durably_linked; /* … after a power cut, too */
	struct buf durable;
	struct model_range dirty[MODEL_RANGES];
	size_t dirty_count;
	size_t dropped; /* of them, by a sync that failed: perhaps on disk */
};

struct model {
	struct disk disk;
	char path[64];
	int dir;
	struct model_file files[MODEL_FILES];
	size_t file_count;
	int file_of_fd[MODEL_FDS]; /* -1: a folder, or not ours */
	const char *fail_call;	   /* NULL: any */
	unsigned long fail_in;	   /* calls from now; 0: never */
	unsigned long fail_times;
	int fail_errno;
	unsigned seed;	  /* of a sync that fails: what it wrote; 0: nothing */
	unsigned chaos;	  /* of 100 calls, so many fail; needs a seed */
	struct buf trace; /* "pwrite fdatasync …", failures too */
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
	    (unsigned)rand_r(&model->seed) % 100 < model->chaos) {
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

static inline struct model_file *
model_file(struct model *model, int fd)
{
	int index = fd >= 0 && fd < MODEL_FDS ? model->file_of_fd[fd] : -1;

	return index == -1 ? NULL : &model->files[index];
}

static inline struct model_file *
model_find(struct model *model, const char *name)
{
	for (size_t i = 0; i < model->file_count; i++)
		if (model->files[i].is_linked &&
		    strcmp(model->files[i].name, name) == 0)
			return &model->files[i];
	return NULL;
}

static inline int
model_openat(
    struct disk *disk, int dir, const char *path, int flags, mode_t mode)
{
	struct model *model = (struct model *)disk;
	struct model_file *file;
	int fd;

	if (model_fails(model, "open"))
		return -1;
	/* A sync reads what was written. */
	if ((flags & O_ACCMODE) == O_WRONLY)
		flags = (flags & ~O_ACCMODE) | O_RDWR;
	fd = openat(dir, path, flags | O_CLOEXEC, mode);
	if (fd == -1)
		return -1;
	assert(fd < MODEL_FDS);
	model->file_of_fd[fd] = -1;
	if ((flags & O_DIRECTORY) != 0)
		return fd;
	file = model_find(model, path);
	if (file == NULL) {
		assert(model->file_count < MODEL_FILES);
		file = &model->files[model->file_count++];
		*file = (struct model_file){ .durable = BUF_INIT };
		snprintf(file->name, sizeof(file->name), "%s", path);
		file->is_linked = true;
	}
	model->file_of_fd[fd] = (int)(file - model->files);
	return fd;
}

static inline int
model_close(struct disk *disk, int fd)
{
	struct model *model = (struct model *)disk;

	if (fd >= 0 && fd < MODEL_FDS)
		model->file_of_fd[fd] = -1;
	return close(fd);
}

static inline ssize_t
model_pread(struct disk *disk, int fd, void *bytes, size_t len, off_t offset)
{
	if (model_fails((struct model *)disk, "pread"))
		return -1;
	return pread(fd, bytes, len, offset);
}

static inline void
model_touch(struct model_file *file, off_t from, off_t to)
{
	assert(file->dirty_count < MODEL_RANGES);
	file->dirty[file->dirty_count++] = (struct model_range){ from, to };
}

/* A write that fails has got half its bytes into the file. */
static inline ssize_t
model_pwrite(
    struct disk *disk, int fd, const void *bytes, size_t len, off_t offset)
{
	struct model *model = (struct model *)disk;
	struct model_file *file = model_file(model, fd);
	bool fails = model_fails(model, "pwrite");
	size_t some = fails ? len / 2 : len;
	ssize_t written = pwrite(fd, bytes, some, offset);

	if (file != NULL && written > 0)
		model_touch(file, offset, offset + written);
	if (!fails)
		return written;
	errno = model->fail_errno;
	return -1;
}

static inline int
model_ftruncate(struct disk *disk, int fd, off_t length)
{
	struct model *model = (struct model *)disk;
	struct model_file *file = model_file(model, fd);

	if (model_fails(model, "ftruncate"))
		return -1;
	/* Ranges beyond the end are read as far as they go. */
	if (file != NULL)
		model_touch(file, length, length);
	return ftruncate(fd, length);
}

/* Bytes that were written since the last sync reach the disk. */
static inline void
model_sync_file(struct model_file *file, int fd)
{
	struct stat st;
	size_t old = file->durable.len;

	if (fstat(fd, &st) == -1)
		abort();
	buf_reserve(&file->durable, (size_t)st.st_size);
	if ((size_t)st.st_size > old)
		memset(file->durable.data + old, 0, (size_t)st.st_size - old);
	buf_set_len(&file->durable, (size_t)st.st_size);
	for (size_t i = file->dropped; i < file->dirty_count; i++) {
		off_t from = file->dirty[i].from;
		off_t to = file->dirty[i].to;

		if (to > st.st_size)
			to = st.st_size;
		if (from < to && pread(fd, file->durable.data + from,
				     (size_t)(to - from), from) != to - from)
			abort();
	}
	file->dirty_count = file->dropped = 0;
}

static inline void
model_sync_names(struct model *model)
{
	for (size_t i = 0; i < model->file_count; i++)
		model->files[i].is_durably_linked = model->files[i].is_linked;
}

static inline void
model_read(int fd, struct buf *out)
{
	struct stat st;

	buf_reset(out);
	if (fd == -1)
		return;
	if (fstat(fd, &st) == -1)
		abort();
	buf_reserve(out, (size_t)st.st_size);
	if (pread(fd, out->data, (size_t)st.st_size, 0) != st.st_size)
		abort();
	buf_set_len(out, (size_t)st.st_size);
}

/* What the disk holds of `file`, whose bytes in memory are `now`, when the
 * power goes in the midst of its writing: of each page that was written and not
 * synced the new bytes, up to a border of 512 bytes perhaps, or the old ones;
 * zeros where there were none. */
static inline void
model_tear(struct model_file *file, const struct buf *now, unsigned *seed)
{
	size_t old = file->durable.len;
	size_t size = old;

	if (now->len > old)
		size += (size_t)rand_r(seed) % (now->len - old + 1);
	else if (rand_r(seed) % 2 == 0)
		size = now->len; /* a cut that came through */
	if (rand_r(seed) % 2 == 0 && now->len > old)
		size = now->len;
	buf_reserve(&file->durable, size);
	if (size > old)
		memset(file->durable.data + old, 0, size - old);
	buf_set_len(&file->durable, size);
	for (size_t i = 0; i < file->dirty_count; i++) {
		size_t at = (size_t)file->dirty[i].from;
		size_t end = (size_t)file->dirty[i].to;

		if (end > now->len)
			end = now->len;
		if (end > size)
			end = size;
		while (at < end) {
			size_t next = (at / 4096 + 1) * 4096;
			size_t stop = next < end ? next : end;
			int fate = rand_r(seed) % 3;

			if (fate == 1 && stop - at > 512)
				stop = (at / 512 + 1) * 512;
			if (fate > 0)
				memcpy(file->durable.data + at, now->data + at,
				    stop - at);
			at = next;
		}
	}
}

/* A sync that fails: of what it should have written some is on the disk. */
static inline void
model_sync_some(struct model *model, struct model_file *file, int fd)
{
	struct buf now = BUF_INIT;

	if (file == NULL)
		for (size_t i = 0; i < model->file_count; i++) {
			if (rand_r(&model->seed) % 2 == 0)
				model->files[i].is_durably_linked =
				    model->files[i].is_linked;
		}
	else {
		model_read(fd, &now);
		model_tear(file, &now, &model->seed);
	}
	buf_free(&now);
}

static inline int
model_sync(struct disk *disk, int fd, const char *call)
{
	struct model *model = (struct model *)disk;
	struct model_file *file = model_file(model, fd);
	bool fails = model_fails(model, call);

	if (file == NULL && !fails)
		model_sync_names(model);
	else if (file != NULL && !fails)
		model_sync_file(file, fd);
	else if (model->seed != 0)
		model_sync_some(model, file, fd);
	if (fails && file != NULL)
		file->dropped = file->dirty_count;
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
	struct model_file *file = model_find(model, path);

	if (model_fails(model, "unlink"))
		return -1;
	if (file != NULL)
		file->is_linked = false;
	return unlinkat(dir, path, 0);
}

static inline int
model_mkdirat(struct disk *disk, int dir, const char *path, mode_t mode)
{
	if (model_fails((struct model *)disk, "mkdir"))
		return -1;
	return mkdirat(dir, path, mode);
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
		model->file_of_fd[i] = -1;
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

static inline void
model_write_durable(struct model *model, const struct model_file *file)
{
	int fd = openat(model->dir, file->name,
	    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);

	if (fd == -1 || disk_write_all(&disk_system, fd, file->durable.data,
			    file->durable.len, 0) == -1)
		abort();
	close(fd);
}

/* The files become those of the disk. Whoever had one open must be freed
 * first. Without a seed nothing reached it that was not synced; with one, any
 * part of it did, and of names that were made or removed. */
static inline void
model_power_cut(struct model *model)
{
	unsigned *seed = model->seed == 0 ? NULL : &model->seed;
	struct buf now = BUF_INIT;

	for (size_t i = 0; i < model->file_count; i++) {
		struct model_file *file = &model->files[i];

		if (seed != NULL && file->is_linked) {
			int fd = openat(
			    model->dir, file->name, O_RDONLY | O_CLOEXEC);

			model_read(fd, &now);
			close(fd);
			model_tear(file, &now, seed);
		}
		if (seed == NULL || rand_r(seed) % 2 == 0)
			file->is_linked = file->is_durably_linked;
		file->is_durably_linked = file->is_linked;
		file->dirty_count = file->dropped = 0;
	}
	buf_free(&now);
	/* Of two that have had a name, the later one has it. */
	for (size_t i = 0; i < model->file_count; i++)
		for (size_t k = i + 1; k < model->file_count; k++)
			if (model->files[k].is_linked &&
			    strcmp(model->files[i].name,
				model->files[k].name) == 0)
				model->files[i].is_linked =
				    model->files[i].is_durably_linked = false;
	model_empty_folder(model->dir, ".");
	model_empty_folder(model->dir, "torn");
	for (size_t i = 0; i < model->file_count; i++)
		if (model->files[i].is_linked)
			model_write_durable(model, &model->files[i]);
	model_fail(model, NULL, 0, 0, 0);
}

/* Begin anew with the files as they are, put there by the test itself: nothing
 * is open, and what would survive a power cut is no longer known. */
static inline void
model_forget(struct model *model)
{
	for (size_t i = 0; i < model->file_count; i++)
		buf_free(&model->files[i].durable);
	model->file_count = 0;
}

static inline void
model_free(struct model *model)
{
	model_empty_folder(model->dir, "torn");
	unlinkat(model->dir, "torn", AT_REMOVEDIR);
	model_empty_folder(model->dir, ".");
	close(model->dir);
	rmdir(model->path);
	model_forget(model);
	buf_free(&model->trace);
}

#endif
