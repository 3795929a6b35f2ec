#include "collectors/kruxosd/log_writer.h"

#include "base/memory.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>

struct file {
	int fd; /* -1: not open */
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
	return 0;
}

/* What an earlier attempt left is cut off and written again: nothing is known
 * of it, and nothing needs to be. */
static int
write_and_sync(struct log_writer *writer, struct file *file, struct slice bytes,
    struct error *err)
{
	struct disk *disk = writer->disk;
	off_t end = (off_t)file->bytes;

	if (file->has_remains && disk->ftruncate(disk, file->fd, end) == -1)
		return fail(writer, file, "ftruncate", err);
	file->has_remains = true;
	if (disk_write_all(disk, file->fd, bytes.data, bytes.len, end) == -1)
		return fail(writer, file, "write", err);
	if (disk->fdatasync(disk, file->fd) == -1)
		return fail(writer, file, "fdatasync", err);
	if (file == &writer->candidate && disk->fsync(disk, writer->dir) == -1)
		return error_set_errno(err, "%s: fsync", writer->path);
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
