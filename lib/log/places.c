#include "log/places.h"

#include "base/disk.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>

enum {
	OPEN_FILES = 8,
	LINE_GUESS_BYTES = 2048,
};

struct open_file {
	char name[LOGFILE_NAME_SIZE];
	int fd;	       /* -1: none */
	uint64_t used; /* when, in calls */
};

struct places {
	int dir;
	struct open_file files[OPEN_FILES];
	uint64_t calls;
};

struct places *
places_open(const char *audit_dir, struct error *err)
{
	struct places *places;
	int dir = open(audit_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir == -1) {
		error_set_errno(err, "%s", audit_dir);
		return NULL;
	}
	places = memory_new(sizeof(*places));
	places->dir = dir;
	for (size_t i = 0; i < OPEN_FILES; i++)
		places->files[i].fd = -1;
	return places;
}

void
places_free(struct places *places)
{
	if (places == NULL)
		return;
	for (size_t i = 0; i < OPEN_FILES; i++)
		if (places->files[i].fd != -1)
			close(places->files[i].fd);
	close(places->dir);
	free(places);
}

/* The descriptor of a day file, opened anew in the longest unused room. */
static int
file_of(struct places *places, struct slice name, struct error *err)
{
	struct open_file *oldest = &places->files[0];
	unsigned part;
	usec_t day;

	places->calls++;
	for (size_t i = 0; i < OPEN_FILES; i++) {
		struct open_file *file = &places->files[i];

		if (file->fd != -1 && slice_is(name, file->name)) {
			file->used = places->calls;
			return file->fd;
		}
		if (file->used < oldest->used)
			oldest = file;
	}
	if (!logfile_parse_name(name, &day, &part))
		return error_set(err, ERROR_CORRUPT,
		    "the index names a file that is not of the log");
	if (oldest->fd != -1)
		close(oldest->fd);
	memcpy(oldest->name, name.data, name.len);
	oldest->name[name.len] = '\0';
	oldest->used = places->calls;
	oldest->fd = openat(places->dir, oldest->name, LOGFILE_READ);
	if (oldest->fd != -1)
		return oldest->fd;
	if (errno == ENOENT)
		return error_set(
		    err, ERROR_NOT_FOUND, "%s: no longer there", oldest->name);
	return error_set_errno(err, "%s", oldest->name);
}

int
places_read(struct places *places, struct slice file, uint64_t offset,
    size_t length, struct buf *out, struct error *err)
{
	int fd = file_of(places, file, err);
	ssize_t got;

	if (fd == -1)
		return -1;
	if (offset > INT64_MAX - length)
		return 0; /* no file is so long */
	buf_reserve(out, length);
	got = disk_read_all(
	    &disk_system, fd, out->data + out->len, length, (off_t)offset);
	if (got == -1)
		return error_set_errno(err, "%.*s", SLICE_ARG(file));
	buf_set_len(out, out->len + (size_t)got);
	return 0;
}

int
places_read_line(struct places *places, struct slice file, uint64_t offset,
    struct buf *out, struct error *err)
{
	size_t before = out->len;

	/* Most lines are far shorter than the longest. */
	for (size_t want = LINE_GUESS_BYTES;; want = ENTRY_LINE_BYTES + 1) {
		const char *newline;
		size_t got;

		if (places_read(places, file, offset, want, out, err) == -1)
			return -1;
		got = out->len - before;
		newline =
		    got == 0 ? NULL : memchr(out->data + before, '\n', got);
		if (newline != NULL) {
			buf_set_len(out, (size_t)(newline - out->data));
			return 0;
		}
		buf_set_len(out, before);
		if (got < want || want > ENTRY_LINE_BYTES)
			break;
	}
	return error_set(err, ERROR_CORRUPT,
	    "%.*s: no line begins at offset %llu", SLICE_ARG(file),
	    (unsigned long long)offset);
}
