#include "collectors/kruxosd/overwrite.h"

#include "base/cleanup.h"

#include <sys/stat.h>

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

/* --- where a payload stands -------------------------------------------- */

struct place {
	char file[LOGFILE_NAME_SIZE];
	uint64_t offset; /* of the payload's first byte */
	size_t bytes;
	bool is_erased; /* so it seems */
};

/* The payload's bytes in `line`, whatever they are by now: behind entry_hash
 * and up to the closing brace. */
static bool
find_payload(struct slice line, size_t *ret_at, size_t *ret_bytes)
{
	static const char mark[] = ",\"entry_hash\":\"";
	const char *found = memmem(line.data, line.len, mark, sizeof(mark) - 1);
	size_t at;

	if (found == NULL)
		return false;
	at = (size_t)(found - line.data) + sizeof(mark) - 1 + SHA256_HEX + 2;
	if (at + 1 >= line.len || line.data[line.len - 1] != '}')
		return false;
	*ret_at = at;
	*ret_bytes = line.len - 1 - at;
	return true;
}

/* --- overwriting ------------------------------------------------------- */

/* The file under way; synced before the next one, and at the end. */
struct overwriting {
	const struct overwrite *on;
	char file[LOGFILE_NAME_SIZE]; /* "": none */
	int fd;
};

static int
finish_file(struct overwriting *over, struct error *err)
{
	struct disk *disk = over->on->disk;
	int status = 0;

	if (over->file[0] == '\0')
		return 0;
	if (disk->fdatasync(disk, over->fd) == -1)
		status = error_set_errno(
		    err, "%s/%s: fdatasync", over->on->audit_dir, over->file);
	disk->close(disk, over->fd);
	over->file[0] = '\0';
	return status;
}

static int
turn_to_file(struct overwriting *over, const char *file, struct error *err)
{
	const struct overwrite *on = over->on;
	struct disk *disk = on->disk;

	if (strcmp(over->file, file) == 0)
		return 0;
	if (finish_file(over, err) == -1)
		return -1;
	over->fd = disk->openat(
	    disk, on->dir, file, O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0);
	if (over->fd == -1)
		return error_set_errno(err, "%s/%s: open", on->audit_dir, file);
	snprintf(over->file, sizeof(over->file), "%s", file);
	return 0;
}

/* `"erased_by":97` and spaces: offsets behind it never move. */
static int
overwrite_one(struct overwriting *over, const struct place *place,
    uint64_t eraser, struct error *err)
{
	struct disk *disk = over->on->disk;
	cleanup(buf_free) struct buf text = BUF_INIT;

	buf_addf(&text, "\"erased_by\":%llu", (unsigned long long)eraser);
	assert(text.len <= place->bytes); /* a salt alone is longer */
	buf_add_chars(&text, ' ', place->bytes - text.len);
	if (turn_to_file(over, place->file, err) == -1)
		return -1;
	if (disk_write_all(disk, over->fd, text.data, text.len,
		(off_t)place->offset) == -1)
		return error_set_errno(
		    err, "%s/%s: write", over->on->audit_dir, place->file);
	return 0;
}

int
overwrite_find(struct cursor *cursor, uint64_t seq,
    struct cursor_line *ret_line, struct error *err)
{
	unsigned later = 0;
	int found;

	if (cursor_seek(cursor, seq, err) == -1)
		return -1;
	/* One line of a later seq may be damaged, and not what it says. */
	while (later < 2) {
		found = cursor_next(cursor, UINT64_MAX, ret_line, err);
		if (found == -1)
			return -1;
		if (found == 1 && ret_line->seq == seq)
			return 0;
		if (found == 0)
			break;
		later = ret_line->seq > seq ? later + 1 : 0;
	}
	return error_set_field(err, ERROR_NOT_FOUND, "seqs",
	    "entry %llu is not in the log", (unsigned long long)seq);
}

/* The place of the payload of `seq`; 0: another one has erased it. Half
 * overwritten, a line does not parse: its head tells enough. What `eraser` has
 * overwritten is overwritten again: after a sync that failed the page cache
 * alone may show it. */
static int
find_place(struct cursor *cursor, uint64_t seq, uint64_t eraser,
    struct place *ret_place, struct error *err)
{
	struct cursor_line line;
	struct entry entry;
	struct error unreadable;
	size_t at, bytes;

	if (overwrite_find(cursor, seq, &line, err) == -1)
		return -1;
	ret_place->is_erased =
	    entry_parse(line.line, &entry, &unreadable) == 0 &&
	    entry.erased_by != 0;
	if (ret_place->is_erased && entry.erased_by != eraser)
		return 0;
	if (!find_payload(line.line, &at, &bytes) || bytes < SHA256_HEX / 2)
		return error_set(err, ERROR_CORRUPT,
		    "entry %llu has no payload that could be found",
		    (unsigned long long)seq);
	snprintf(ret_place->file, sizeof(ret_place->file), "%s", line.file);
	ret_place->offset = line.offset + at;
	ret_place->bytes = bytes;
	return 1;
}

int
overwrite_payloads(const struct overwrite *on, const uint64_t *seqs,
    size_t count, uint64_t eraser, size_t *ret_erased, struct error *err)
{
	cleanup(cursor_freep) struct cursor *cursor =
	    cursor_open(on->audit_dir, err);
	struct overwriting over = { .on = on, .fd = -1 };
	struct error unsynced, damage = { 0 };
	int status = cursor == NULL ? -1 : 0;
	size_t erased = 0;

	for (size_t i = 0; i < count && status != -1; i++) {
		struct place place;

		status = find_place(cursor, seqs[i], eraser, &place, err);
		if (status == -1 && err->code == ERROR_CORRUPT)
			damage = *err; /* the others are erased all the same */
		if (status == -1 && (err->code == ERROR_NOT_FOUND || /* gone */
					err->code == ERROR_CORRUPT))
			status = 0;
		if (status == 1) {
			status = overwrite_one(&over, &place, eraser, err);
			erased += place.is_erased ? 0 : 1;
		}
	}
	if (status == -1) {
		(void)finish_file(&over, &unsynced);
		return -1;
	}
	if (finish_file(&over, err) == -1)
		return -1;
	if (damage.code != ERROR_NONE) {
		*err = damage;
		return -1;
	}
	*ret_erased = erased;
	return 0;
}

/* --- copies under torn/ ------------------------------------------------ */

/* Of each line the head stays; a piece that has none goes whole. */
static void
blank_payloads(struct buf *copy)
{
	static const struct slice front = { "{\"seq\":", 7 };

	for (size_t at = 0; at < copy->len;) {
		char *from = copy->data + at;
		const char *newline = memchr(from, '\n', copy->len - at);
		size_t len =
		    newline == NULL ? copy->len - at : (size_t)(newline - from);
		struct slice line = { from, len };
		size_t head, bytes;

		if (!slice_starts_with(line, front) ||
		    !find_payload(line, &head, &bytes)) {
			head = 0;
			bytes = len;
		}
		memset(from + head, ' ', bytes);
		at += len + 1;
	}
}

static int
blank_copy(
    const struct overwrite *on, int folder, const char *name, struct error *err)
{
	struct disk *disk = on->disk;
	cleanup(buf_free) struct buf copy = BUF_INIT;
	int fd = disk->openat(
	    disk, folder, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0);
	struct stat st;
	ssize_t got = -1;

	if (fd != -1 && disk->fstat(disk, fd, &st) == 0) {
		buf_reserve(&copy, (size_t)st.st_size);
		got = disk_read_all(disk, fd, copy.data, (size_t)st.st_size, 0);
	}
	if (got != -1) {
		buf_set_len(&copy, (size_t)got);
		blank_payloads(&copy);
		if (disk_write_all(disk, fd, copy.data, copy.len, 0) == -1 ||
		    disk->fdatasync(disk, fd) == -1)
			got = -1;
	}
	if (got == -1)
		error_set_errno(err, "%s/torn/%s", on->audit_dir, name);
	if (fd != -1)
		disk->close(disk, fd);
	return got == -1 ? -1 : 0;
}

int
overwrite_copies(const struct overwrite *on, struct error *err)
{
	int folder = openat(
	    on->dir, "torn", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	cleanup(cleanup_closedir) DIR *listing =
	    folder == -1 ? NULL : fdopendir(folder);
	struct dirent *entry;

	if (folder == -1 && errno == ENOENT)
		return 0;
	if (listing == NULL) {
		error_set_errno(err, "%s/torn", on->audit_dir);
		if (folder != -1)
			close(folder);
		return -1;
	}
	while (errno = 0, (entry = readdir(listing)) != NULL)
		if (entry->d_name[0] != '.' &&
		    blank_copy(on, folder, entry->d_name, err) == -1)
			return -1;
	if (errno != 0)
		return error_set_errno(err, "%s/torn", on->audit_dir);
	return 0;
}

/* --- what stands behind the end of a file ------------------------------- */

static int
blank_rest(const struct overwrite *on, const struct logfile *file, int fd)
{
	enum { PIECE_BYTES = 64 << 10 };
	struct disk *disk = on->disk;
	cleanup(buf_free) struct buf spaces = BUF_INIT;

	buf_add_chars(&spaces, ' ', PIECE_BYTES);
	for (uint64_t at = file->length; at < file->size; at += PIECE_BYTES) {
		uint64_t left = file->size - at;
		size_t bytes = left < PIECE_BYTES ? (size_t)left : PIECE_BYTES;

		if (disk_write_all(disk, fd, spaces.data, bytes, (off_t)at) ==
		    -1)
			return -1;
	}
	return disk->fdatasync(disk, fd);
}

/* Where a file ends, says the log.open of the next one. One that is damaged is
 * not believed: what it cuts off may be the log's. */
static bool
is_believed(const struct overwrite *on, const struct logfile *next)
{
	struct error damaged;
	cleanup(cursor_freep) struct cursor *cursor =
	    cursor_open(on->audit_dir, &damaged);
	struct sha256 *sha256 = sha256_new();
	struct cursor_line line;
	struct entry entry;
	bool holds =
	    cursor != NULL &&
	    overwrite_find(cursor, next->first_seq, &line, &damaged) == 0 &&
	    entry_parse(line.line, &entry, &damaged) == 0 &&
	    entry_check(sha256, &entry, &damaged) == 0;

	sha256_free(sha256);
	return holds;
}

static int
blank_file(
    const struct overwrite *on, const struct logfile *file, struct error *err)
{
	struct disk *disk = on->disk;
	int fd = disk->openat(
	    disk, on->dir, file->name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0);
	int status = fd == -1 ? -1 : blank_rest(on, file, fd);

	if (status == -1)
		error_set_errno(err, "%s/%s", on->audit_dir, file->name);
	if (fd != -1)
		disk->close(disk, fd);
	return status;
}

int
overwrite_remains(const struct overwrite *on, struct error *err)
{
	cleanup(logfile_list_free) struct logfile_list list = { 0 };

	if (logfile_list_read(on->dir, &list, err) == -1)
		return error_prefix(err, "%s", on->audit_dir);
	for (size_t i = 0; i + 1 < list.count; i++) {
		const struct logfile *file = &list.files[i];

		if (file->length < file->size && is_believed(on, file + 1) &&
		    blank_file(on, file, err) == -1)
			return -1;
	}
	return 0;
}
