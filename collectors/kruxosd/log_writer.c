#include "collectors/kruxosd/log_writer.h"

#include "base/memory.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

struct file {
	int fd; /* -1: not open */
	dev_t device;
	ino_t inode;
	char name[LOGFILE_NAME_SIZE];
	usec_t day;
	unsigned part;
	uint64_t bytes;	  /* durable ones */
	bool has_remains; /* of a failed write, perhaps, behind them */
};

struct log_writer {
	struct disk *disk;
	int dir;
	const char *path;
	struct file file;      /* holds the last durable entry */
	struct file candidate; /* takes its place with its first sync */
	bool has_candidate;    /* as a name in the folder, open or not */
	bool is_sealed;	       /* nothing more goes into `file` */
	struct log_damage damage;
};

struct log_writer *
log_writer_new(struct disk *disk, int dir, const char *path)
{
	struct log_writer *writer = memory_new(sizeof(*writer));

	writer->disk = disk;
	writer->dir = dir;
	writer->path = path;
	writer->file.fd = -1;
	writer->candidate.fd = -1;
	return writer;
}

static void
file_close(struct log_writer *writer, struct file *file)
{
	if (file->fd != -1)
		writer->disk->close(writer->disk, file->fd);
	file->fd = -1;
}

void
log_writer_free(struct log_writer *writer)
{
	if (writer == NULL)
		return;
	file_close(writer, &writer->file);
	file_close(writer, &writer->candidate);
	free(writer);
}

static void
name_file(struct file *file, const char *name)
{
	bool is_ours =
	    logfile_parse_name(slice_of(name), &file->day, &file->part);

	assert(is_ours);
	memcpy(file->name, name, strlen(name) + 1);
}

static int
fail(const struct log_writer *writer, const struct file *file, const char *call,
    struct error *err)
{
	return error_set_errno(
	    err, "%s/%s: %s", writer->path, file->name, call);
}

/* Which file it is that the name leads to now. */
static int
know_file(struct log_writer *writer, struct file *file, struct error *err)
{
	struct stat st;

	if (writer->disk->fstat(writer->disk, file->fd, &st) == -1)
		return fail(writer, file, "fstat", err);
	file->device = st.st_dev;
	file->inode = st.st_ino;
	return 0;
}

int
log_writer_resume(struct log_writer *writer, const char *name, uint64_t bytes,
    struct error *err)
{
	struct file file = { .fd = -1, .bytes = bytes };

	name_file(&file, name);
	file.fd = writer->disk->openat(writer->disk, writer->dir, name,
	    O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0);
	if (file.fd == -1)
		return fail(writer, &file, "open", err);
	if (know_file(writer, &file, err) == -1) {
		file_close(writer, &file);
		return -1;
	}
	file_close(writer, &writer->file);
	writer->file = file;
	writer->is_sealed = false;
	return 0;
}

void
log_writer_seal(struct log_writer *writer, const char *name, uint64_t bytes)
{
	file_close(writer, &writer->file);
	name_file(&writer->file, name);
	writer->file.bytes = bytes;
	writer->is_sealed = true;
}

bool
log_writer_needs_file(const struct log_writer *writer, usec_t recorded_at)
{
	return writer->file.fd == -1 || writer->is_sealed ||
	       writer->file.day != recorded_at - recorded_at % USEC_PER_DAY;
}

/* The candidate goes, durably. Until it has gone, `file` must not grow: the
 * candidate's log.open says where it ended. */
static int
drop_candidate(struct log_writer *writer, struct error *err)
{
	struct disk *disk = writer->disk;
	struct file *candidate = &writer->candidate;

	if (!writer->has_candidate)
		return 0;
	if (disk->unlinkat(disk, writer->dir, candidate->name) == -1 &&
	    errno != ENOENT)
		return fail(writer, candidate, "unlink", err);
	if (disk->fsync(disk, writer->dir) == -1)
		return error_set_errno(err, "%s: fsync", writer->path);
	file_close(writer, candidate);
	writer->has_candidate = false;
	return 0;
}

/* The day's first file, or the part behind those that are there. */
int
log_writer_create(
    struct log_writer *writer, usec_t recorded_at, struct error *err)
{
	struct disk *disk = writer->disk;
	struct file file = { .day = recorded_at - recorded_at % USEC_PER_DAY,
		.part = 1 };

	if (drop_candidate(writer, err) == -1)
		return -1;
	if (writer->file.name[0] != '\0' && writer->file.day == file.day)
		file.part = writer->file.part + 1;
	for (; file.part <= LOGFILE_PART_MAX; file.part++) {
		logfile_name(file.day, file.part, file.name);
		file.fd = disk->openat(disk, writer->dir, file.name,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
		if (file.fd != -1 || errno != EEXIST)
			break;
	}
	if (file.fd == -1)
		return fail(writer, &file, "create", err);
	writer->candidate = file;
	writer->has_candidate = true;
	return know_file(writer, &writer->candidate, err);
}

/* --- as it was left ---------------------------------------------------- */

/* Whoever looks for the log at its path must find what is written here. */
static int
check_folder(struct log_writer *writer, struct error *err)
{
	struct disk *disk = writer->disk;
	struct stat ours, named;

	if (disk->fstat(disk, writer->dir, &ours) == -1)
		return error_set_errno(err, "%s: fstat", writer->path);
	if (disk->fstatat(disk, AT_FDCWD, writer->path, &named, 0) == -1) {
		if (errno != ENOENT && errno != ENOTDIR)
			return error_set_errno(err, "%s: stat", writer->path);
	} else if (named.st_dev == ours.st_dev && named.st_ino == ours.st_ino)
		return 0;
	return error_set(err, ERROR_NOT_FOUND,
	    "%s: the folder that the log was written to is no longer there",
	    writer->path);
}

/* Fills `ret_found` where it is not; false: it is. */
static bool
differs(const struct file *file, const struct stat *st, uint64_t bytes,
    const char **ret_found)
{
	if (st->st_dev != file->device || st->st_ino != file->inode)
		*ret_found = "replaced";
	else if ((uint64_t)st->st_size < bytes)
		*ret_found = "cut";
	else if ((uint64_t)st->st_size > bytes)
		*ret_found = "extended";
	else
		return false;
	return true;
}

static int
damaged(struct log_writer *writer, struct file *file, const char *found,
    uint64_t found_bytes, struct error *err)
{
	struct log_damage *damage = &writer->damage;

	/* Of a candidate nothing was the log's yet. */
	if (file == &writer->candidate)
		return error_set(err, ERROR_SYSTEM,
		    "%s/%s: the new file was %s from outside", writer->path,
		    file->name, found);
	writer->is_sealed = true;
	memcpy(damage->file, file->name, sizeof(damage->file));
	damage->durable_bytes = file->bytes;
	damage->found = found;
	damage->found_bytes = found_bytes;
	return error_set(err, ERROR_CORRUPT,
	    "%s/%s: the file was %s from outside: it had %llu bytes, and now "
	    "there are %llu; the log goes on in a new file",
	    writer->path, file->name, found, (unsigned long long)file->bytes,
	    (unsigned long long)found_bytes);
}

/* Is the name in the folder still this file, of that length? */
static int
check_file(struct log_writer *writer, struct file *file, uint64_t bytes,
    struct error *err)
{
	struct disk *disk = writer->disk;
	const char *found;
	struct stat st;

	if (check_folder(writer, err) == -1)
		return -1;
	if (disk->fstatat(
		disk, writer->dir, file->name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT
			   ? damaged(writer, file, "removed", 0, err)
			   : fail(writer, file, "stat", err);
	if (differs(file, &st, bytes, &found))
		return damaged(writer, file, found, (uint64_t)st.st_size, err);
	return 0;
}

int
log_writer_check(struct log_writer *writer, struct error *err)
{
	struct file *file = &writer->file;

	if (file->fd == -1 || writer->is_sealed || file->has_remains)
		return 0;
	return check_file(writer, file, file->bytes, err);
}

const struct log_damage *
log_writer_damage(const struct log_writer *writer)
{
	return &writer->damage;
}

/* --- appending --------------------------------------------------------- */

/* What an earlier attempt left is cut off and written again: nothing is known
 * of it, and nothing needs to be. */
static int
write_and_sync(struct log_writer *writer, struct file *file, struct slice bytes,
    struct error *err)
{
	struct disk *disk = writer->disk;
	off_t end = (off_t)file->bytes;

	/* A write behind the end of what was cut would hide that. Who cannot
	 * look now looks behind the sync. */
	if (file == &writer->file && log_writer_check(writer, err) == -1 &&
	    err->code != ERROR_SYSTEM)
		return -1;
	if (file->has_remains && disk->ftruncate(disk, file->fd, end) == -1)
		return fail(writer, file, "ftruncate", err);
	file->has_remains = true;
	if (disk_write_all(disk, file->fd, bytes.data, bytes.len, end) == -1)
		return fail(writer, file, "write", err);
	if (disk->fdatasync(disk, file->fd) == -1)
		return fail(writer, file, "fdatasync", err);
	if (file == &writer->candidate && disk->fsync(disk, writer->dir) == -1)
		return error_set_errno(err, "%s: fsync", writer->path);
	if (check_file(writer, file, file->bytes + bytes.len, err) == -1)
		return -1;
	file->has_remains = false;
	return 0;
}

int
log_writer_append(
    struct log_writer *writer, struct slice bytes, struct error *err)
{
	struct file *file =
	    writer->has_candidate ? &writer->candidate : &writer->file;

	assert(file->fd != -1);
	if (write_and_sync(writer, file, bytes, err) == -1)
		return -1;
	file->bytes += bytes.len;
	if (file == &writer->file)
		return 0;
	file_close(writer, &writer->file);
	writer->file = writer->candidate;
	writer->candidate.fd = -1;
	writer->has_candidate = false;
	writer->is_sealed = false;
	return 0;
}

int
log_writer_cut(struct log_writer *writer, struct error *err)
{
	struct disk *disk = writer->disk;
	struct file *file = &writer->file;

	if (drop_candidate(writer, err) == -1)
		return -1;
	if (!file->has_remains || writer->is_sealed)
		return 0;
	/* Synced before other bytes take their place: a power cut must never
	 * find two batches mixed. */
	if (disk->ftruncate(disk, file->fd, (off_t)file->bytes) == -1 ||
	    disk->fdatasync(disk, file->fd) == -1)
		writer->is_sealed = true;
	else
		file->has_remains = false;
	return 0;
}

const char *
log_writer_name(const struct log_writer *writer)
{
	return writer->file.name;
}

uint64_t
log_writer_bytes(const struct log_writer *writer)
{
	return writer->file.bytes;
}
