/* What a disk holds, and what it may hold after a power cut.
 *
 * A medium is a folder and the folders in it. Of each file it knows what
 * programs see, what is on the disk for certain, and what was done since the
 * last sync, in order. A power cut makes another medium of it, in which nothing
 * is unsure: without chance nothing is there that was not synced; with chance
 *
 *  - of the 4 KiB pages that are not synced each is there or is not, or some of
 *    its 512-byte sectors are; what was written between may have got there;
 *  - what a file had no page for is zeros; its length is any that it has had,
 *    or one between;
 *  - names that were made or removed are there or are not: as many as a journal
 *    had come to, or each for itself, in the order of its own changes.
 *
 * A sync that fails drops the pages that it should have written, as Linux does:
 * programs go on seeing them, and no later sync writes them.
 */
#ifndef TESTS_UNIT_DISK_MEDIUM_H
#define TESTS_UNIT_DISK_MEDIUM_H

#include "base/buf.h"
#include "base/disk.h"
#include "base/memory.h"
#include "tests/unit/chance.h"

#include <assert.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	MEDIUM_PAGE = 4096,
	MEDIUM_SECTOR = 512,
	MEDIUM_NO_FILE = -1, /* a name that is not there */
	MEDIUM_FOLDER = -2,  /* the name of a folder */
	MEDIUM_NAME_SIZE = 64,
};

/* A write, or a cut to the length `from`. */
struct medium_change {
	bool is_cut;
	size_t from;
	struct buf bytes;
};

struct medium_file {
	struct buf now;		       /* what programs see */
	bool is_apart;		       /* the disk holds something else: */
	struct buf disk;	       /* for certain */
	struct buf base;	       /* `now`, before the first change */
	struct medium_change *changes; /* since the last sync */
	size_t count, capacity;
};

struct medium_name {
	char name[MEDIUM_NAME_SIZE]; /* "2026-11-23.jsonl", "torn/…" */
	int file;		     /* index, or one of the two above */
};

struct medium {
	struct medium_file *files; /* an inode each; a name may get another */
	size_t file_count, file_capacity;
	struct medium_name *names; /* as programs see them */
	size_t name_count, name_capacity;
	struct medium_name *kept; /* as they are on the disk */
	size_t kept_count, kept_capacity;
	struct medium_name *moves; /* what was done since, in order */
	size_t move_count, move_capacity;
};

/* --- files --------------------------------------------------------------- */

static inline void
medium_copy_bytes(struct buf *to, const struct buf *from)
{
	buf_reset(to);
	buf_add(to, from->data, from->len);
}

/* Longer by zeros, or cut. */
static inline void
medium_resize(struct buf *bytes, size_t len)
{
	if (len > bytes->len)
		buf_add_chars(bytes, '\0', len - bytes->len);
	buf_set_len(bytes, len);
}

static inline void
medium_forget_changes(struct medium_file *file)
{
	for (size_t i = 0; i < file->count; i++)
		buf_free(&file->changes[i].bytes);
	file->count = 0;
}

static inline struct medium_file *
medium_new_file(struct medium *medium)
{
	medium->files = memory_grow(medium->files, &medium->file_capacity,
	    medium->file_count + 1, sizeof(medium->files[0]));
	medium->files[medium->file_count] = (struct medium_file){
		.now = BUF_INIT,
		.disk = BUF_INIT,
		.base = BUF_INIT,
	};
	return &medium->files[medium->file_count++];
}

/* Do to `bytes` what was done to the file. */
static inline void
medium_apply(const struct medium_change *change, struct buf *bytes)
{
	if (change->is_cut) {
		medium_resize(bytes, change->from);
		return;
	}
	if (bytes->len < change->from + change->bytes.len)
		medium_resize(bytes, change->from + change->bytes.len);
	memcpy(
	    bytes->data + change->from, change->bytes.data, change->bytes.len);
}

static inline void
medium_change(struct medium_file *file, bool is_cut, off_t from,
    const void *bytes, size_t len)
{
	struct medium_change *change;

	if (file->count == 0)
		medium_copy_bytes(&file->base, &file->now);
	if (!file->is_apart)
		medium_copy_bytes(&file->disk, &file->now);
	file->is_apart = true;
	file->changes = memory_grow(file->changes, &file->capacity,
	    file->count + 1, sizeof(file->changes[0]));
	change = &file->changes[file->count++];
	*change = (struct medium_change){ is_cut, (size_t)from, BUF_INIT };
	if (len > 0)
		buf_add(&change->bytes, bytes, len);
	medium_apply(change, &file->now);
}

/* The pages that a change has touched: from the first up to, not including,
 * the last. */
static inline void
medium_pages(
    const struct medium_change *change, size_t *ret_first, size_t *ret_end)
{
	size_t end = change->from + change->bytes.len;

	*ret_first = change->from / MEDIUM_PAGE;
	*ret_end = (end + MEDIUM_PAGE - 1) / MEDIUM_PAGE;
	if (change->is_cut && change->from % MEDIUM_PAGE != 0)
		*ret_end = *ret_first + 1; /* its rest became zeros */
}

/* `len` bytes at `at` reach the disk, as far as there are any. */
static inline void
medium_write_through(
    struct buf *disk, const struct buf *seen, size_t at, size_t len)
{
	if (at >= seen->len)
		return;
	if (len > seen->len - at)
		len = seen->len - at;
	if (disk->len < at + len)
		medium_resize(disk, at + len);
	memcpy(disk->data + at, seen->data + at, len);
}

/* A sync that succeeds. */
static inline void
medium_sync(struct medium_file *file)
{
	if (!file->is_apart)
		return;
	for (size_t i = 0; i < file->count; i++)
		if (file->changes[i].is_cut &&
		    file->changes[i].from < file->disk.len)
			buf_set_len(&file->disk, file->changes[i].from);
	for (size_t i = 0; i < file->count; i++) {
		size_t first, end;

		medium_pages(&file->changes[i], &first, &end);
		medium_write_through(&file->disk, &file->now,
		    first * MEDIUM_PAGE, (end - first) * MEDIUM_PAGE);
	}
	medium_resize(&file->disk, file->now.len);
	medium_forget_changes(file);
	file->is_apart =
	    memcmp(file->disk.data, file->now.data, file->now.len) != 0;
}

/* --- what may be there --------------------------------------------------- */

/* Some sectors of a page. */
static inline void
medium_tear_page(
    struct buf *disk, const struct buf *seen, size_t at, uint64_t *chance)
{
	size_t sectors = MEDIUM_PAGE / MEDIUM_SECTOR;
	size_t border = 1 + chance_below(chance, sectors - 1);
	size_t kind = chance_below(chance, 3);

	for (size_t i = 0; i < sectors; i++) {
		bool is_there = kind == 0   ? i < border
				: kind == 1 ? i >= border
					    : chance_one_in(chance, 2);

		if (is_there)
			medium_write_through(
			    disk, seen, at + i * MEDIUM_SECTOR, MEDIUM_SECTOR);
	}
}

/* Of the pages that are dirty, some; `often` of 4. */
static inline void
medium_write_some(struct buf *disk, const struct buf *seen, const bool *dirty,
    size_t pages, size_t often, uint64_t *chance)
{
	for (size_t i = 0; i < pages; i++) {
		if (!dirty[i] || chance_below(chance, 4) >= often)
			continue;
		if (often < 4 && chance_one_in(chance, 3))
			medium_tear_page(disk, seen, i * MEDIUM_PAGE, chance);
		else
			medium_write_through(
			    disk, seen, i * MEDIUM_PAGE, MEDIUM_PAGE);
	}
}

static inline size_t
medium_longest(const struct medium_file *file)
{
	size_t longest = file->base.len;

	for (size_t i = 0; i < file->count; i++) {
		size_t end = file->changes[i].from + file->changes[i].bytes.len;

		if (end > longest)
			longest = end;
	}
	return longest;
}

/* The length that a journal has noted: it has come to a cut as it is, to a
 * write perhaps in part. */
static inline size_t
medium_noted_len(
    const struct medium_change *change, size_t len, uint64_t *chance)
{
	size_t end = change->from + change->bytes.len;

	if (change->is_cut)
		return change->from;
	if (end <= len)
		return len;
	return chance_one_in(chance, 4)
		   ? len + chance_below(chance, end - len + 1)
		   : end;
}

/* What the disk may hold of a file: on return `ret_disk`. */
static inline void
medium_tear(
    const struct medium_file *file, uint64_t *chance, struct buf *ret_disk)
{
	size_t pages = medium_longest(file) / MEDIUM_PAGE + 1;
	bool *dirty = memory_new(pages);
	struct buf seen = BUF_INIT;
	size_t noted = chance_one_in(chance, 3)
			   ? chance_below(chance, file->count + 1)
			   : file->count;
	size_t often = chance_below(chance, 5);
	size_t len = file->disk.len;

	medium_copy_bytes(ret_disk, &file->disk);
	medium_copy_bytes(&seen, &file->base);
	for (size_t i = 0; i < file->count; i++) {
		const struct medium_change *change = &file->changes[i];
		size_t first, end;

		medium_apply(change, &seen);
		medium_pages(change, &first, &end);
		for (; first < end; first++)
			dirty[first] = true;
		if (i < noted) {
			len = medium_noted_len(change, len, chance);
			if (change->is_cut && ret_disk->len > len)
				buf_set_len(ret_disk, len);
		}
		if (i + 1 == file->count || chance_one_in(chance, 4))
			medium_write_some(
			    ret_disk, &seen, dirty, pages, often, chance);
	}
	medium_resize(ret_disk, len);
	buf_free(&seen);
	free(dirty);
}

/* A sync that fails: some of it is on the disk, and the rest is nobody's
 * concern any more. Without chance it is nothing. */
static inline void
medium_drop(struct medium_file *file, uint64_t *chance)
{
	struct buf disk = BUF_INIT;

	if (chance != NULL && file->count > 0) {
		medium_tear(file, chance, &disk);
		medium_copy_bytes(&file->disk, &disk);
	}
	buf_free(&disk);
	medium_forget_changes(file);
}

/* --- names --------------------------------------------------------------- */

static inline int
medium_find_name(
    const struct medium_name *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i].name, name) == 0)
			return names[i].file;
	return MEDIUM_NO_FILE;
}

static inline struct medium_file *
medium_find(const struct medium *medium, const char *name)
{
	int file = medium_find_name(medium->names, medium->name_count, name);

	return file < 0 ? NULL : &medium->files[file];
}

/* Give `name` to `file`, or to none. */
static inline void
medium_put_name(struct medium_name **names, size_t *count, size_t *capacity,
    const char *name, int file)
{
	size_t kept = 0;

	for (size_t i = 0; i < *count; i++)
		if (strcmp((*names)[i].name, name) != 0)
			(*names)[kept++] = (*names)[i];
	*count = kept;
	if (file == MEDIUM_NO_FILE)
		return;
	*names = memory_grow(*names, capacity, kept + 1, sizeof(**names));
	(*names)[kept].file = file;
	snprintf((*names)[kept].name, MEDIUM_NAME_SIZE, "%s", name);
	*count = kept + 1;
}

static inline void
medium_keep_name(struct medium *medium, const char *name, int file)
{
	medium_put_name(&medium->kept, &medium->kept_count,
	    &medium->kept_capacity, name, file);
}

/* The name is made, or (MEDIUM_NO_FILE) removed. */
static inline void
medium_move(struct medium *medium, const char *name, int file)
{
	struct medium_name *move;

	medium_put_name(&medium->names, &medium->name_count,
	    &medium->name_capacity, name, file);
	medium->moves = memory_grow(medium->moves, &medium->move_capacity,
	    medium->move_count + 1, sizeof(medium->moves[0]));
	move = &medium->moves[medium->move_count++];
	move->file = file;
	snprintf(move->name, sizeof(move->name), "%s", name);
}

/* Is it a name of the folder `folder` ("", "torn/")? */
static inline bool
medium_is_in(const char *name, const char *folder)
{
	size_t len = strlen(folder);

	return strncmp(name, folder, len) == 0 &&
	       strchr(name + len, '/') == NULL;
}

/* A sync of a folder that succeeds: its names are on the disk. */
static inline void
medium_sync_names(struct medium *medium, const char *folder)
{
	size_t left = 0;

	for (size_t i = 0; i < medium->move_count; i++) {
		const struct medium_name *move = &medium->moves[i];

		if (medium_is_in(move->name, folder))
			medium_keep_name(medium, move->name, move->file);
		else
			medium->moves[left++] = *move;
	}
	medium->move_count = left;
}

/* Some of the names reach the disk. What follows upon a change of the same name
 * that is not there is not there either. */
static inline void
medium_tear_names(struct medium *medium, uint64_t *chance)
{
	size_t come_to = chance_below(chance, medium->move_count + 1);
	bool is_journal = chance_one_in(chance, 2);
	bool *is_there = memory_new(medium->move_count + 1);

	for (size_t i = 0; i < medium->move_count; i++) {
		const struct medium_name *move = &medium->moves[i];

		is_there[i] =
		    is_journal ? i < come_to : chance_one_in(chance, 2);
		for (size_t k = 0; k < i; k++)
			if (!is_there[k] &&
			    strcmp(medium->moves[k].name, move->name) == 0)
				is_there[i] = false;
		if (is_there[i])
			medium_keep_name(medium, move->name, move->file);
	}
	medium->move_count = 0;
	free(is_there);
}

/* A sync of a folder that fails. Names are not dropped: the next one that
 * succeeds has them. */
static inline void
medium_drop_names(struct medium *medium, uint64_t *chance)
{
	size_t count = medium->move_count;
	struct medium_name *moves =
	    memory_new(memory_product(count + 1, sizeof(*moves)));

	memcpy(moves, medium->moves, count * sizeof(*moves));
	medium_tear_names(medium, chance);
	memcpy(medium->moves, moves, count * sizeof(*moves));
	medium->move_count = count;
	free(moves);
}

/* A name that has been there all along. */
static inline void
medium_adopt_name(struct medium *medium, const char *name, int file)
{
	medium_put_name(&medium->names, &medium->name_count,
	    &medium->name_capacity, name, file);
	medium_keep_name(medium, name, file);
}

/* --- another medium ------------------------------------------------------ */

static inline void
medium_free(struct medium *medium)
{
	for (size_t i = 0; i < medium->file_count; i++) {
		medium_forget_changes(&medium->files[i]);
		free(medium->files[i].changes);
		buf_free(&medium->files[i].now);
		buf_free(&medium->files[i].disk);
		buf_free(&medium->files[i].base);
	}
	free(medium->files);
	free(medium->names);
	free(medium->kept);
	free(medium->moves);
	*medium = (struct medium){ 0 };
}

static inline void
medium_copy_names(struct medium *to, const struct medium *from)
{
	for (size_t i = 0; i < from->kept_count; i++)
		medium_keep_name(to, from->kept[i].name, from->kept[i].file);
	for (size_t i = 0; i < from->name_count; i++)
		medium_put_name(&to->names, &to->name_count, &to->name_capacity,
		    from->names[i].name, from->names[i].file);
	for (size_t i = 0; i < from->move_count; i++) {
		to->moves = memory_grow(to->moves, &to->move_capacity,
		    to->move_count + 1, sizeof(to->moves[0]));
		to->moves[to->move_count++] = from->moves[i];
	}
}

/* As it is: what was not synced is not sure in the copy either. */
static inline void
medium_copy(struct medium *to, const struct medium *from)
{
	*to = (struct medium){ 0 };
	for (size_t i = 0; i < from->file_count; i++) {
		const struct medium_file *file = &from->files[i];
		struct medium_file *copy = medium_new_file(to);

		medium_copy_bytes(&copy->now, file->is_apart && file->count > 0
						  ? &file->base
						  : &file->now);
		if (file->is_apart)
			medium_copy_bytes(&copy->disk, &file->disk);
		copy->is_apart = file->is_apart;
		for (size_t k = 0; k < file->count; k++)
			medium_change(copy, file->changes[k].is_cut,
			    (off_t)file->changes[k].from,
			    file->changes[k].bytes.data,
			    file->changes[k].bytes.len);
	}
	medium_copy_names(to, from);
}

/* What has reached the disk by itself: all that was done. */
static inline void
medium_sync_all(struct medium *medium)
{
	for (size_t i = 0; i < medium->file_count; i++)
		medium_sync(&medium->files[i]);
	medium_sync_names(medium, "");
	medium_sync_names(medium, "torn/");
}

/* What is there after a power cut: on return `ret`, with nothing unsure. */
static inline void
medium_cut(const struct medium *medium, uint64_t *chance, struct medium *ret)
{
	struct medium after;

	medium_copy(&after, medium);
	if (chance != NULL)
		medium_tear_names(&after, chance);
	*ret = (struct medium){ 0 };
	for (size_t i = 0; i < after.kept_count; i++) {
		const struct medium_name *kept = &after.kept[i];
		const struct medium_file *file;
		struct medium_file *whole;

		if (strncmp(kept->name, "torn/", 5) == 0 &&
		    medium_find_name(after.kept, after.kept_count, "torn") ==
			MEDIUM_NO_FILE)
			continue;
		if (kept->file == MEDIUM_FOLDER) {
			medium_move(ret, kept->name, MEDIUM_FOLDER);
			continue;
		}
		file = &after.files[kept->file];
		whole = medium_new_file(ret);
		if (!file->is_apart)
			medium_copy_bytes(&whole->now, &file->now);
		else if (chance == NULL)
			medium_copy_bytes(&whole->now, &file->disk);
		else
			medium_tear(file, chance, &whole->now);
		medium_move(ret, kept->name, (int)ret->file_count - 1);
	}
	medium_sync_all(ret);
	medium_free(&after);
}

/* Make the files in the folder `dir`, which is empty, those that programs
 * would see. */
static inline void
medium_write(const struct medium *medium, int dir)
{
	if (medium_find_name(medium->names, medium->name_count, "torn") !=
	    MEDIUM_NO_FILE)
		mkdirat(dir, "torn", 0700);
	for (size_t i = 0; i < medium->name_count; i++) {
		const struct medium_name *name = &medium->names[i];
		const struct buf *bytes;
		int fd;

		if (name->file < 0)
			continue;
		bytes = &medium->files[name->file].now;
		fd = openat(dir, name->name,
		    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
		if (fd == -1 || disk_write_all(&disk_system, fd, bytes->data,
				    bytes->len, 0) == -1)
			abort();
		close(fd);
	}
}

#endif
