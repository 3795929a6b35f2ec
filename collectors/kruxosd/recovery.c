#include "collectors/kruxosd/recovery.h"

#include "collectors/kruxosd/log_writer.h"
#include "collectors/kruxosd/tail.h"

#include "base/cleanup.h"
#include "base/json_writer.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>

/* Who recovers what. */
struct ward {
	struct disk *disk;
	int dir;
	const char *path;
	const struct recovery_known *known;
	struct log_writer *writer;
	struct logfile_list list;
};

static int
read_tail(struct ward *ward, const struct logfile *file, struct tail *ret_tail,
    struct error *err)
{
	if (tail_read(ward->disk, ward->dir, file, ret_tail, err) == -1)
		return error_prefix(err, "%s", ward->path);
	return 0;
}

/* --- torn: kept, then cut ---------------------------------------------- */

/* A copy that was begun before, by a start that was cut itself, stays: it may
 * be of another time. */
static int
create_copy(struct ward *ward, const char *file, uint64_t offset,
    char ret_name[static 48])
{
	struct disk *disk = ward->disk;
	int fd = -1;

	if (disk->mkdirat(disk, ward->dir, "torn", 0700) == -1 &&
	    errno != EEXIST)
		return -1;
	for (unsigned part = 1; fd == -1 && part < 100; part++) {
		char suffix[8] = "";

		if (part > 1)
			snprintf(suffix, sizeof(suffix), "_%02u", part);
		snprintf(ret_name, 48, "torn/%.*s-%llu%s",
		    (int)LOGFILE_NAME_SIZE - 1, file,
		    (unsigned long long)offset, suffix);
		fd = disk->openat(disk, ward->dir, ret_name,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd == -1 && errno != EEXIST)
			break;
	}
	return fd;
}

static int
sync_folder(struct ward *ward, const char *path)
{
	struct disk *disk = ward->disk;
	int fd = disk->openat(disk, ward->dir, path,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
	int status;

	if (fd == -1)
		return -1;
	status = disk->fsync(disk, fd);
	disk->close(disk, fd);
	return status;
}

/* Durable before anything is cut. */
static int
keep_copy(struct ward *ward, const char *file, const struct tail *tail,
    char ret_name[static 48], struct error *err)
{
	struct disk *disk = ward->disk;
	struct slice rest = tail_rest(tail);
	int fd = create_copy(ward, file, tail->bad, ret_name);
	int status;

	if (fd == -1)
		return error_set_errno(err, "%s/torn: create", ward->path);
	status = disk_write_all(disk, fd, rest.data, rest.len, 0);
	if (status == 0)
		status = disk->fsync(disk, fd);
	if (status == -1)
		error_set_errno(err, "%s/%s", ward->path, ret_name);
	disk->close(disk, fd);
	if (status == 0 && (sync_folder(ward, "torn") == -1 ||
			       disk->fsync(disk, ward->dir) == -1))
		status = error_set_errno(err, "%s/torn: fsync", ward->path);
	return status;
}

static int
cut_file(struct ward *ward, const char *name, uint64_t bytes, struct error *err)
{
	struct disk *disk = ward->disk;
	int fd = disk->openat(
	    disk, ward->dir, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0);
	int status;

	if (fd == -1)
		return error_set_errno(err, "%s/%s: open", ward->path, name);
	status = disk->ftruncate(disk, fd, (off_t)bytes);
	if (status == 0)
		status = disk->fsync(disk, fd);
	if (status == -1)
		error_set_errno(err, "%s/%s: cut", ward->path, name);
	disk->close(disk, fd);
	return status;
}

static int
remove_file(struct ward *ward, const char *name, struct error *err)
{
	struct disk *disk = ward->disk;

	if (disk->unlinkat(disk, ward->dir, name) == -1 ||
	    disk->fsync(disk, ward->dir) == -1)
		return error_set_errno(err, "%s/%s: unlink", ward->path, name);
	return 0;
}

/* The last batch is in the file, but perhaps not on the disk: after a sync that
 * failed, another one would not write it. Other bytes than these are on the
 * disk since long. */
static int
write_again(struct ward *ward, const char *name, const struct tail *tail,
    struct error *err)
{
	struct disk *disk = ward->disk;
	size_t at = (size_t)(tail->batch_offset - tail->start);
	int fd = disk->openat(
	    disk, ward->dir, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0);
	int status;

	if (fd == -1)
		return error_set_errno(err, "%s/%s: open", ward->path, name);
	status = disk_write_all(disk, fd, tail->bytes.data + at,
	    (size_t)(tail->bad - tail->batch_offset),
	    (off_t)tail->batch_offset);
	if (status == 0)
		status = disk->fsync(disk, fd);
	if (status == 0)
		status = disk->fsync(disk, ward->dir);
	if (status == -1)
		error_set_errno(err, "%s/%s: sync", ward->path, name);
	disk->close(disk, fd);
	return status;
}

/* --- the verdict ------------------------------------------------------- */

static void __attribute__((format(printf, 5, 6)))
set_verdict(struct recovery *recovery, enum recovery_verdict verdict,
    const struct logfile *file, const struct tail *tail, const char *format,
    ...)
{
	va_list arguments;

	recovery->verdict = verdict;
	memcpy(recovery->file, file->name, sizeof(recovery->file));
	recovery->offset = tail->bad;
	recovery->bytes = tail->size - tail->bad;
	va_start(arguments, format);
	vsnprintf(
	    recovery->sentence, sizeof(recovery->sentence), format, arguments);
	va_end(arguments);
}

/* The unfinished write at the end of `file` goes. Where the disk refuses to
 * keep a copy or to cut, the file stays as it is, and the log.open of the next
 * one says how much of it counts. */
static int
mend(struct ward *ward, const struct logfile *file, const struct tail *tail,
    struct recovery *recovery, struct error *err)
{
	struct error refused;
	bool is_kept =
	    keep_copy(ward, file->name, tail, recovery->kept, &refused) == 0;

	if (!is_kept)
		recovery->kept[0] = '\0';
	set_verdict(recovery, RECOVERY_TORN, file, tail,
	    "%s ended in an unfinished write: %llu bytes from offset %llu on "
	    "were cut off and kept as %s",
	    file->name, (unsigned long long)(tail->size - tail->bad),
	    (unsigned long long)tail->bad, recovery->kept);
	if (is_kept && cut_file(ward, file->name, tail->bad, &refused) == 0)
		return log_writer_resume(
		    ward->writer, file->name, tail->bad, err);
	set_verdict(recovery, RECOVERY_TORN, file, tail,
	    "%s ends in an unfinished write, which stays there and does not "
	    "count (%.300s)",
	    file->name, refused.sentence);
	log_writer_seal(ward->writer, file->name, tail->bad);
	return 0;
}

/* Of the last file not one line was written whole: it goes, and the one before
 * it is the last. */
static int
discard(struct ward *ward, const struct logfile *file, const struct tail *tail,
    struct recovery *recovery, struct error *err)
{
	if (tail->size > 0) {
		if (keep_copy(ward, file->name, tail, recovery->kept, err) ==
		    -1)
			return -1;
		set_verdict(recovery, RECOVERY_TORN, file, tail,
		    "%s held nothing but an unfinished write: its %llu bytes "
		    "were kept as %s",
		    file->name, (unsigned long long)tail->size, recovery->kept);
	}
	return remove_file(ward, file->name, err);
}

static void
damaged(struct ward *ward, const struct logfile *file, const struct tail *tail,
    struct recovery *recovery)
{
	set_verdict(recovery, RECOVERY_DAMAGED, file, tail,
	    "%s is damaged from offset %llu on; the log goes on in a new file",
	    file->name, (unsigned long long)tail->bad);
	log_writer_seal(ward->writer, file->name, tail->size);
}

/* Behind `good` stands a line that is whole by itself, perhaps. */
static void
go_behind_last_whole(const struct tail *tail, struct recovery *recovery)
{
	uint64_t batch_seq;
	struct commit_head whole = tail_last_whole(tail, &batch_seq);

	if (whole.seq <= recovery->head.seq)
		return;
	recovery->head = whole;
	recovery->last_batch_seq = batch_seq;
}

/* Judge the file at `index`, behind which there is no other. */
static int
recover_file(struct ward *ward, size_t index, struct recovery *recovery,
    struct error *err)
{
	const struct logfile *file = &ward->list.files[index];
	cleanup(tail_free) struct tail tail = TAIL_INIT;
	cleanup(tail_free) struct tail before = TAIL_INIT;

	if (read_tail(ward, file, &tail, err) == -1)
		return -1;
	recovery->head = tail.good;
	recovery->last_batch_seq = tail.batch_seq;
	if (tail.good.seq == 0 && index > 0) {
		if (read_tail(ward, file - 1, &before, err) == -1)
			return -1;
		recovery->head = before.good;
		recovery->last_batch_seq = before.batch_seq;
		go_behind_last_whole(&before, recovery);
	}
	if (tail.bad < tail.size &&
	    !tail_is_torn(&tail, &recovery->head, ward->known->seq)) {
		damaged(ward, file, &tail, recovery);
		go_behind_last_whole(&tail, recovery);
		return 0;
	}
	if (tail.good.seq == 0) {
		if (discard(ward, file, &tail, recovery, err) == -1)
			return -1;
		return index == 0
			   ? 0
			   : recover_file(ward, index - 1, recovery, err);
	}
	if (write_again(ward, file->name, &tail, err) == -1)
		return -1;
	if (tail.bad == tail.size)
		return log_writer_resume(
		    ward->writer, file->name, tail.size, err);
	return mend(ward, file, &tail, recovery, err);
}

/* What was known as durable must be there; its seqs are never given again. */
static void
check_known(struct ward *ward, struct recovery *recovery)
{
	const struct recovery_known *known = ward->known;
	uint64_t last = recovery->head.seq;
	uint64_t bytes = log_writer_bytes(ward->writer);
	char name[LOGFILE_NAME_SIZE];

	if (known->seq <= last)
		return;
	if (recovery->verdict != RECOVERY_DAMAGED) {
		recovery->verdict = RECOVERY_DAMAGED;
		memcpy(recovery->file, log_writer_name(ward->writer),
		    sizeof(recovery->file));
		recovery->offset = bytes;
		recovery->bytes = 0;
		snprintf(recovery->sentence, sizeof(recovery->sentence),
		    "the entries %llu to %llu, once durable, are missing",
		    (unsigned long long)last + 1,
		    (unsigned long long)known->seq);
		memcpy(name, log_writer_name(ward->writer), sizeof(name));
		if (name[0] != '\0')
			log_writer_seal(ward->writer, name, bytes);
	}
	recovery->head.seq = known->seq;
	memcpy(recovery->head.hash, known->hash, SHA256_BYTES);
	recovery->last_batch_seq = 0;
}

int
recovery_run(struct disk *disk, int dir, const char *path,
    const struct recovery_known *known, struct log_writer *writer,
    struct recovery *ret_recovery, struct error *err)
{
	struct ward ward = { .disk = disk,
		.dir = dir,
		.path = path,
		.known = known,
		.writer = writer };
	struct recovery recovery = { 0 };
	int status = 0;

	if (logfile_list_read(dir, &ward.list, err) == -1)
		return error_prefix(err, "%s", path);
	if (ward.list.count > 0)
		status =
		    recover_file(&ward, ward.list.count - 1, &recovery, err);
	logfile_list_free(&ward.list);
	if (status == -1)
		return -1;
	check_known(&ward, &recovery);
	*ret_recovery = recovery;
	return 0;
}

int
recovery_record(const struct recovery *recovery, struct commit *commit,
    const struct commit_waiter *waiter, struct error *err)
{
	cleanup(buf_free) struct buf request = BUF_INIT;
	struct json_writer json;

	json_writer_init(&json, &request);
	json_writer_object(&json);
	json_writer_pair(&json, "file", recovery->file);
	json_writer_pair_u64(&json, "offset", recovery->offset);
	json_writer_pair_u64(&json, "bytes", recovery->bytes);
	if (recovery->kept[0] != '\0')
		json_writer_pair(&json, "kept", recovery->kept);
	json_writer_end_object(&json);
	return commit_add_system(commit,
	    recovery->verdict == RECOVERY_TORN ? "log.recovered"
					       : "log.damaged",
	    ENTRY_ERROR, recovery->sentence, buf_slice(&request), waiter, err);
}
