#include "collectors/kruxosd/recovery.h"

#include "collectors/kruxosd/log_writer.h"

#include "base/cleanup.h"
#include "base/json_writer.h"
#include "base/memory.h"
#include "base/number.h"
#include "log/chain.h"

#include <sys/stat.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>

/* The last batch is in it, and lines before that. */
enum { WINDOW_BYTES = 4 * COMMIT_BATCH_BYTES };

DEFINE_CLEANUP(struct chain *, chain_free);
DEFINE_CLEANUP(struct sha256 *, sha256_free);

/* Who recovers what. */
struct ward {
	struct disk *disk;
	int dir;
	const char *path;
	const struct recovery_known *known;
	struct log_writer *writer;
	struct logfile_list list;
};

/* An audit.erase entry in the tail, and the seqs that it names. */
struct eraser {
	uint64_t seq;
	uint64_t *seqs;
	size_t count;
};

/* The tail of a file, and what it says. */
struct tail {
	struct buf bytes;
	uint64_t start; /* offset of bytes.data[0], the beginning of a line */
	uint64_t size;	/* of the file */
	struct eraser *erasers;
	size_t eraser_count, eraser_capacity;

	struct commit_head
	    good;	    /* the last line before a bad one; seq 0: none */
	uint64_t batch_seq; /* first of good's batch */
	uint64_t bad;	    /* offset of the first bad byte; size: none */
};

static struct tail
tail_empty(void)
{
	return (struct tail){ .bytes = BUF_INIT };
}

static void
forget_erasers(struct tail *tail)
{
	for (size_t i = 0; i < tail->eraser_count; i++)
		free(tail->erasers[i].seqs);
	tail->eraser_count = 0;
}

static void
tail_free(struct tail *tail)
{
	forget_erasers(tail);
	free(tail->erasers);
	buf_free(&tail->bytes);
	*tail = tail_empty();
}

/* --- lines ------------------------------------------------------------------
 */

/* The line at `at` of `bytes`, without its '\n'; false: there is no whole one.
 */
static bool
line_at(struct slice bytes, size_t at, struct slice *ret_line)
{
	const char *from = bytes.data + at;
	const char *newline = memchr(from, '\n', bytes.len - at);

	if (newline == NULL)
		return false;
	*ret_line = (struct slice){ from, (size_t)(newline - from) };
	return true;
}

static void
head_of(const struct entry *entry, struct commit_head *ret_head)
{
	ret_head->seq = entry->seq;
	ret_head->recorded_at = entry->recorded_at;
	memcpy(ret_head->hash, entry->entry_hash, SHA256_BYTES);
}

/* The last line that is whole by itself; seq 0: there is none. */
static struct commit_head
last_whole_line(const struct tail *tail)
{
	cleanup(sha256_freep) struct sha256 *sha256 = sha256_new();
	struct slice bytes = buf_slice(&tail->bytes);
	struct commit_head head = { 0 };
	struct slice line;

	for (size_t at = 0; line_at(bytes, at, &line); at += line.len + 1) {
		struct entry entry;
		struct error ignored;

		if (entry_parse(line, &entry, &ignored) == 0 &&
		    entry_check(sha256, &entry, &ignored) == 0 &&
		    entry.seq > head.seq)
			head_of(&entry, &head);
	}
	return head;
}

/* --- payloads half erased ---------------------------------------------------
 */

static void
add_eraser(struct tail *tail, const struct entry *entry,
    const struct json_reader *reader)
{
	const struct json_node *seqs =
	    json_reader_member(reader, reader->nodes, "seqs");
	struct eraser eraser = { .seq = entry->seq };

	if (seqs == NULL || seqs->type != JSON_ARRAY)
		return;
	eraser.seqs = memory_new(
	    memory_product(seqs->children + (size_t)1, sizeof(*eraser.seqs)));
	for (const struct json_node *node = json_reader_first(reader, seqs);
	     node != NULL; node = json_reader_next(reader, seqs, node))
		if (number_parse_u64(node->text, 1, UINT64_MAX,
			&eraser.seqs[eraser.count]) == 0)
			eraser.count++;
	tail->erasers = memory_grow(tail->erasers, &tail->eraser_capacity,
	    tail->eraser_count + 1, sizeof(eraser));
	tail->erasers[tail->eraser_count++] = eraser;
}

static void
find_erasers(struct tail *tail)
{
	static const char mark[] = "\"capability\":\"audit.erase\"";
	cleanup(json_reader_free) struct json_reader reader = JSON_READER_INIT;
	cleanup(sha256_freep) struct sha256 *sha256 = sha256_new();
	struct slice bytes = buf_slice(&tail->bytes);
	struct slice line;

	for (size_t at = 0; line_at(bytes, at, &line); at += line.len + 1) {
		struct entry entry;
		struct error ignored;

		if (memmem(line.data, line.len, mark, sizeof(mark) - 1) !=
			NULL &&
		    entry_parse(line, &entry, &ignored) == 0 &&
		    entry_check(sha256, &entry, &ignored) == 0 &&
		    slice_is(entry.capability, "audit.erase") &&
		    entry.actor != ENTRY_AGENT &&
		    json_reader_read(&reader, entry.request, &ignored) == 0)
			add_eraser(tail, &entry, &reader);
	}
}

static uint64_t
eraser_of(const struct tail *tail, uint64_t seq)
{
	for (size_t i = 0; i < tail->eraser_count; i++)
		for (size_t k = 0; k < tail->erasers[i].count; k++)
			if (tail->erasers[i].seqs[k] == seq)
				return tail->erasers[i].seq;
	return 0;
}

/* A line whose payload an erasure has begun to overwrite, as it will be when
 * that is done: the head decides whether it holds. */
static bool
as_erased(const struct tail *tail, struct slice line, struct buf *out)
{
	static const char mark[] = ",\"entry_hash\":\"";
	const char *found = memmem(line.data, line.len, mark, sizeof(mark) - 1);
	size_t head_bytes;
	uint64_t seq, eraser;
	usec_t recorded_at;
	struct error ignored;

	if (found == NULL ||
	    entry_parse_front(line, &seq, &recorded_at, &ignored) == -1)
		return false;
	head_bytes =
	    (size_t)(found - line.data) + sizeof(mark) - 1 + SHA256_HEX + 2;
	eraser = eraser_of(tail, seq);
	if (eraser == 0 || head_bytes > line.len)
		return false;
	buf_reset(out);
	buf_add(out, line.data, head_bytes);
	buf_addf(out, "\"erased_by\":%llu}", (unsigned long long)eraser);
	return true;
}

/* --- the tail of a file -----------------------------------------------------
 */

/* Read from `start` to the end; a start within a line moves behind it. */
static int
tail_read_from(struct ward *ward, int fd, uint64_t start, struct tail *tail,
    struct error *err)
{
	size_t want = (size_t)(tail->size - start);
	ssize_t got;

	buf_reset(&tail->bytes);
	buf_reserve(&tail->bytes, want);
	got =
	    disk_read_all(ward->disk, fd, tail->bytes.data, want, (off_t)start);
	if (got == -1)
		return error_set_errno(err, "read");
	buf_set_len(&tail->bytes, (size_t)got);
	tail->size = start + (size_t)got;
	tail->start = start;
	if (start > 0) {
		struct slice line;
		size_t skip = line_at(buf_slice(&tail->bytes), 0, &line)
				  ? line.len + 1
				  : tail->bytes.len;

		buf_consume(&tail->bytes, skip);
		tail->start += skip;
	}
	return 0;
}

/* The next line of the chain, which begins with the first one. */
static int
chain_on(struct chain **chain, struct slice line, struct entry *ret_entry)
{
	struct chain_fault fault;
	struct error ignored;

	if (entry_parse(line, ret_entry, &ignored) == -1)
		return -1;
	if (*chain == NULL)
		*chain = chain_new(ret_entry->seq, ret_entry->prev_hash);
	return chain_add(*chain, line, &fault);
}

/* Find the last good line and the first bad byte. */
static void
tail_walk(struct tail *tail)
{
	cleanup(chain_freep) struct chain *chain = NULL;
	cleanup(buf_free) struct buf erased = BUF_INIT;
	struct slice bytes = buf_slice(&tail->bytes);
	struct slice line;
	size_t at;

	tail->good = (struct commit_head){ 0 };
	for (at = 0; line_at(bytes, at, &line); at += line.len + 1) {
		struct entry entry;

		if (chain_on(&chain, line, &entry) == -1 &&
		    (!as_erased(tail, line, &erased) ||
			chain_on(&chain, buf_slice(&erased), &entry) == -1))
			break;
		if (entry.recorded_at != tail->good.recorded_at)
			tail->batch_seq = entry.seq;
		head_of(&entry, &tail->good);
	}
	tail->bad = tail->start + at;
}

static int
tail_read(struct ward *ward, const struct logfile *file, struct tail *ret_tail,
    struct error *err)
{
	int fd = ward->disk->openat(ward->disk, ward->dir, file->name,
	    O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0);
	struct tail tail = tail_empty();
	uint64_t window = WINDOW_BYTES;
	int status;

	if (fd == -1)
		return error_set_errno(
		    err, "%s/%s: open", ward->path, file->name);
	do {
		tail.size = file->size;
		status = tail_read_from(ward, fd,
		    window < file->size ? file->size - window : 0, &tail, err);
		if (status == -1)
			break;
		forget_erasers(&tail);
		find_erasers(&tail);
		tail_walk(&tail);
		/* Bad from its beginning on: what stands before that? */
		window *= 2;
	} while (tail.good.seq == 0 && tail.start > 0);
	ward->disk->close(ward->disk, fd);
	if (status == -1) {
		tail_free(&tail);
		return error_prefix(err, "%s/%s", ward->path, file->name);
	}
	*ret_tail = tail;
	return 0;
}

static bool
tail_is_torn(const struct tail *tail, const struct commit_head *good,
    const struct recovery_known *known)
{
	size_t at = (size_t)(tail->bad - tail->start);
	struct slice bytes = { tail->bytes.data + at, tail->bytes.len - at };

	return bytes.len <= CHAIN_TORN_BYTES &&
	       chain_is_torn(bytes, good->recorded_at, good->seq, known->seq);
}

/* --- torn: kept, then cut ---------------------------------------------------
 */

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
	size_t at = (size_t)(tail->bad - tail->start);
	int fd = create_copy(ward, file, tail->bad, ret_name);
	int status;

	if (fd == -1)
		return error_set_errno(err, "%s/torn: create", ward->path);
	status = disk_write_all(
	    disk, fd, tail->bytes.data + at, tail->bytes.len - at, 0);
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

/* --- the verdict ------------------------------------------------------------
 */

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

static struct commit_head
later_of(struct commit_head a, struct commit_head b)
{
	return a.seq >= b.seq ? a : b;
}

/* Judge the file at `index`, behind which there is no other. */
static int
recover_file(struct ward *ward, size_t index, struct recovery *recovery,
    struct error *err)
{
	const struct logfile *file = &ward->list.files[index];
	cleanup(tail_free) struct tail tail = tail_empty();
	cleanup(tail_free) struct tail before = tail_empty();
	struct commit_head good;

	if (tail_read(ward, file, &tail, err) == -1)
		return -1;
	good = tail.good;
	if (good.seq == 0 && index > 0) {
		if (tail_read(ward, file - 1, &before, err) == -1)
			return -1;
		good = later_of(before.good, last_whole_line(&before));
	}
	if (tail.bad < tail.size && !tail_is_torn(&tail, &good, ward->known)) {
		damaged(ward, file, &tail, recovery);
		recovery->head = later_of(good, last_whole_line(&tail));
		return 0;
	}
	if (tail.good.seq == 0) {
		if (discard(ward, file, &tail, recovery, err) == -1)
			return -1;
		return index == 0
			   ? 0
			   : recover_file(ward, index - 1, recovery, err);
	}
	recovery->head = good;
	recovery->last_batch_seq = tail.batch_seq;
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
recovery_record(
    const struct recovery *recovery, struct commit *commit, struct error *err)
{
	cleanup(buf_free) struct buf request = BUF_INIT;
	struct json_writer json;

	if (recovery->verdict == RECOVERY_WHOLE)
		return 0;
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
	    ENTRY_ERROR, recovery->sentence, buf_slice(&request), NULL, err);
}
