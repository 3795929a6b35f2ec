#include "log/cursor.h"

#include "base/disk.h"
#include "base/memory.h"

#include <assert.h>
#include <fcntl.h>
#include <sys/stat.h>

enum {
	WINDOW_BYTES = 256 << 10, /* read at a time; holds any line */
	/* … and when it follows what is appended, a bit now and then. */
	FOLLOWING_BYTES = 16 << 10,
};

struct cursor {
	int dir;
	struct logfile_list list;
	struct timespec listed_mtime; /* of the folder, when it was listed */
	bool is_listed_late;	      /* … long enough after that change */

	size_t index; /* the file we stand in; list.count: in none */
	int fd;	      /* of that file; -1: not open */
	uint64_t at;  /* where in it */

	struct buf window; /* bytes of the file from window_at */
	uint64_t window_at;
	uint64_t window_limit; /* lines beyond it may have changed since */
};

static void
window_drop(struct cursor *cursor)
{
	buf_reset(&cursor->window);
	cursor->window_at = cursor->at;
}

static void
leave_file(struct cursor *cursor)
{
	if (cursor->fd != -1)
		close(cursor->fd);
	cursor->fd = -1;
	window_drop(cursor);
}

static void
stand_at(struct cursor *cursor, size_t index, uint64_t at)
{
	if (index != cursor->index)
		leave_file(cursor);
	cursor->index = index;
	cursor->at = at;
}

/* Read the list of files if the folder has changed. The kernel's clock of
 * files is coarse, so a listing made soon after a change is not trusted. */
static int
refresh(struct cursor *cursor, struct error *err)
{
	struct logfile_list list;
	struct stat st;
	char here[LOGFILE_NAME_SIZE] = "";
	size_t index = 0;

	if (fstat(cursor->dir, &st) == -1)
		return error_set_errno(err, "the folder of the log");
	if (cursor->is_listed_late &&
	    st.st_mtim.tv_sec == cursor->listed_mtime.tv_sec &&
	    st.st_mtim.tv_nsec == cursor->listed_mtime.tv_nsec)
		return 0;
	if (logfile_list_read(cursor->dir, &list, err) == -1)
		return -1;
	cursor->listed_mtime = st.st_mtim;
	cursor->is_listed_late = clock_realtime(&clock_system) >
				 ((usec_t)st.st_mtim.tv_sec + 2) * USEC_PER_SEC;
	if (cursor->index < cursor->list.count)
		memcpy(
		    here, cursor->list.files[cursor->index].name, sizeof(here));
	while (index < list.count && strcmp(list.files[index].name, here) != 0)
		index++;
	logfile_list_free(&cursor->list);
	cursor->list = list;
	if (index < list.count) {
		cursor->index = index;
		return 0;
	}
	/* There was none, or ours has gone: the oldest is next. */
	leave_file(cursor);
	stand_at(cursor, 0, 0);
	return 0;
}

struct cursor *
cursor_open(const char *audit_dir, struct error *err)
{
	struct cursor *cursor = memory_new(sizeof(*cursor));

	cursor->fd = -1;
	buf_init(&cursor->window);
	cursor->dir = open(audit_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (cursor->dir == -1) {
		error_set_errno(err, "%s", audit_dir);
		goto fail;
	}
	if (refresh(cursor, err) == -1)
		goto fail;
	return cursor;
fail:
	cursor_free(cursor);
	return NULL;
}

void
cursor_free(struct cursor *cursor)
{
	if (cursor == NULL)
		return;
	leave_file(cursor);
	if (cursor->dir != -1)
		close(cursor->dir);
	logfile_list_free(&cursor->list);
	buf_free(&cursor->window);
	free(cursor);
}

static struct logfile *
current(struct cursor *cursor)
{
	return cursor->index < cursor->list.count
		   ? &cursor->list.files[cursor->index]
		   : NULL;
}

static bool
is_last(const struct cursor *cursor)
{
	return cursor->index + 1 >= cursor->list.count;
}

/* Where the bytes of the log end in the current file: the last one grows. */
static int
file_end(struct cursor *cursor, uint64_t *ret_end, struct error *err)
{
	struct logfile *file = current(cursor);
	struct stat st;

	assert(file != NULL);
	if (cursor->fd == -1)
		cursor->fd = openat(cursor->dir, file->name, LOGFILE_READ);
	if (cursor->fd == -1 || fstat(cursor->fd, &st) == -1)
		return error_set_errno(err, "%s", file->name);
	*ret_end = is_last(cursor) ? (uint64_t)st.st_size : file->length;
	return 0;
}

/* The window becomes the bytes from..to of the current file, or what there is
 * of them. */
static int
window_read(struct cursor *cursor, uint64_t from, uint64_t to, uint64_t limit,
    struct error *err)
{
	ssize_t got;

	assert(to >= from && to - from <= WINDOW_BYTES);
	buf_reset(&cursor->window);
	if (to - from > FOLLOWING_BYTES)
		buf_reserve(&cursor->window, WINDOW_BYTES);
	else if (cursor->window.capacity > WINDOW_BYTES)
		buf_free(&cursor->window);
	buf_reserve(&cursor->window, FOLLOWING_BYTES);
	got = disk_read_all(&disk_system, cursor->fd, cursor->window.data,
	    (size_t)(to - from), (off_t)from);
	if (got == -1)
		return error_set_errno(err, "%s", current(cursor)->name);
	buf_set_len(&cursor->window, (size_t)got);
	cursor->window_at = from;
	cursor->window_limit = limit;
	return 0;
}

/* The line that begins at `at`, if it is whole and in the window. */
static bool
window_line(const struct cursor *cursor, struct slice *ret_line)
{
	const char *from, *newline;
	size_t skip;

	if (cursor->at < cursor->window_at ||
	    cursor->at - cursor->window_at >= cursor->window.len)
		return false;
	skip = (size_t)(cursor->at - cursor->window_at);
	from = cursor->window.data + skip;
	newline = memchr(from, '\n', cursor->window.len - skip);
	if (newline == NULL)
		return false;
	*ret_line = (struct slice){ from, (size_t)(newline - from) };
	return true;
}

static int
describe(struct cursor *cursor, struct slice line, uint64_t offset,
    struct cursor_line *ret_line, struct error *err)
{
	usec_t recorded_at;

	ret_line->line = line;
	ret_line->offset = offset;
	ret_line->file = current(cursor)->name;
	if (entry_parse_front(line, &ret_line->seq, &recorded_at, err) == -1)
		return error_prefix(err, "%s: offset %llu", ret_line->file,
		    (unsigned long long)offset);
	return 0;
}

/* The next line of the current file, as cursor_next(); 0: it ends here. */
static int
next_in_file(struct cursor *cursor, uint64_t limit,
    struct cursor_line *ret_line, struct error *err)
{
	struct slice line;
	uint64_t end;

	for (int reads = 0;; reads++) {
		if (window_line(cursor, &line)) {
			uint64_t offset = cursor->at;
			int result =
			    describe(cursor, line, offset, ret_line, err);

			if (result == 0 && ret_line->seq > limit)
				return 0;
			if (reads > 0 ||
			    (result == 0 &&
				ret_line->seq <= cursor->window_limit)) {
				cursor->at += line.len + 1;
				return result == 0 ? 1 : -1;
			}
			/* Read before it was durable: it may have changed. */
		} else if (reads > 0) {
			break;
		}
		if (file_end(cursor, &end, err) == -1)
			return -1;
		if (cursor->at >= end)
			return 0;
		if (end - cursor->at > WINDOW_BYTES)
			end = cursor->at + WINDOW_BYTES;
		if (window_read(cursor, cursor->at, end, limit, err) == -1)
			return -1;
	}
	/* Bytes without a newline: the end of what grows, or not a line. */
	if (is_last(cursor) && cursor->window.len < WINDOW_BYTES)
		return 0;
	cursor->at += cursor->window.len;
	return error_set(err, ERROR_CORRUPT,
	    "%s: offset %llu: no line of the log", current(cursor)->name,
	    (unsigned long long)cursor->window_at);
}

int
cursor_next(struct cursor *cursor, uint64_t limit, struct cursor_line *ret_line,
    struct error *err)
{
	for (bool refreshed = false;;) {
		int result = current(cursor) == NULL
				 ? 0
				 : next_in_file(cursor, limit, ret_line, err);

		if (result != 0)
			return result;
		if (!is_last(cursor)) {
			uint64_t end;

			if (file_end(cursor, &end, err) == -1)
				return -1;
			if (cursor->at < end) /* it stopped at the limit */
				return 0;
			stand_at(cursor, cursor->index + 1, 0);
		} else if (refreshed) {
			return 0;
		} else {
			if (refresh(cursor, err) == -1)
				return -1;
			refreshed = true;
		}
	}
}

/* The line before `at` in the current file; 0: there is none. */
static int
previous_in_file(
    struct cursor *cursor, struct cursor_line *ret_line, struct error *err)
{
	const char *from, *newline;
	uint64_t end, offset;
	size_t len;

	if (file_end(cursor, &end, err) == -1)
		return -1;
	if (cursor->at > end)
		cursor->at = end;
	if (cursor->at == 0)
		return 0;
	for (int reads = 0;; reads++) {
		if (cursor->at > cursor->window_at &&
		    cursor->at - cursor->window_at <= cursor->window.len) {
			from = cursor->window.data;
			len = (size_t)(cursor->at - cursor->window_at) - 1;
			newline = memrchr(from, '\n', len);
			if (newline != NULL || cursor->window_at == 0)
				break;
		}
		if (reads > 0) {
			cursor->at = cursor->window_at;
			return error_set(err, ERROR_CORRUPT,
			    "%s: offset %llu: no line of the log",
			    current(cursor)->name,
			    (unsigned long long)cursor->at);
		}
		offset =
		    cursor->at > WINDOW_BYTES ? cursor->at - WINDOW_BYTES : 0;
		if (window_read(cursor, offset, cursor->at, UINT64_MAX, err) ==
		    -1)
			return -1;
	}
	offset = newline == NULL
		     ? 0
		     : cursor->window_at + (uint64_t)(newline + 1 - from);
	/* What does not end in a newline is not a line yet. */
	if (from[len] != '\n') {
		cursor->at = offset;
		return previous_in_file(cursor, ret_line, err);
	}
	cursor->at = offset;
	from += offset - cursor->window_at;
	len -= (size_t)(offset - cursor->window_at);
	return describe(cursor, (struct slice){ from, len }, offset, ret_line,
		   err) == -1
		   ? -1
		   : 1;
}

int
cursor_previous(
    struct cursor *cursor, struct cursor_line *ret_line, struct error *err)
{
	for (;;) {
		int result = current(cursor) == NULL
				 ? 0
				 : previous_in_file(cursor, ret_line, err);

		if (result != 0 || cursor->index == 0)
			return result;
		stand_at(cursor, cursor->index - 1, UINT64_MAX);
	}
}

/* The beginning of the first line at or behind `from` whose front can be read,
 * before `to`; `to` where there is none. */
static int
probe(struct cursor *cursor, uint64_t from, uint64_t to, uint64_t *ret_offset,
    uint64_t *ret_seq, struct error *err)
{
	struct slice line;
	struct error ignored;
	usec_t recorded_at;

	*ret_offset = to;
	while (from < to) {
		uint64_t end =
		    to - from > WINDOW_BYTES ? from + WINDOW_BYTES : to;
		const char *newline;

		if (window_read(cursor, from, end, 0, err) == -1)
			return -1;
		newline = memchr(cursor->window.data, '\n', cursor->window.len);
		if (newline == NULL)
			return 0;
		cursor->at =
		    from + (uint64_t)(newline + 1 - cursor->window.data);
		if (!window_line(cursor, &line))
			return 0;
		if (entry_parse_front(line, ret_seq, &recorded_at, &ignored) ==
		    0) {
			*ret_offset = cursor->at;
			return 0;
		}
		from = cursor->at;
	}
	return 0;
}

/* Stand before `seq` or a little earlier in the current file. */
static int
bisect(struct cursor *cursor, uint64_t seq, struct error *err)
{
	uint64_t low = 0, high, offset, found = 0;

	if (file_end(cursor, &high, err) == -1)
		return -1;
	while (high > low && high - low > WINDOW_BYTES) {
		uint64_t middle = low + (high - low) / 2;

		if (probe(cursor, middle, high, &offset, &found, err) == -1)
			return -1;
		if (offset >= high || found >= seq)
			high = middle;
		else
			low = offset;
	}
	stand_at(cursor, cursor->index, low);
	window_drop(cursor);
	return 0;
}

int
cursor_seek(struct cursor *cursor, uint64_t seq, struct error *err)
{
	struct cursor_line line;
	ptrdiff_t index;

	if (refresh(cursor, err) == -1)
		return -1;
	index = logfile_list_find(&cursor->list, seq);
	stand_at(cursor, index == -1 ? 0 : (size_t)index, 0);
	if (current(cursor) == NULL)
		return 0;
	if (index != -1 && bisect(cursor, seq, err) == -1)
		return -1;
	for (;;) {
		size_t here = cursor->index;
		uint64_t at = cursor->at;
		int result = cursor_next(cursor, UINT64_MAX, &line, err);

		if (result == 0)
			return 0;
		if (result == -1 && err->code == ERROR_CORRUPT)
			continue;
		if (result == -1)
			return -1;
		if (line.seq >= seq) {
			/* cursor_next() may have gone on to a next file. */
			if (here == cursor->index)
				cursor->at = at;
			else
				cursor->at = line.offset;
			window_drop(cursor);
			return 0;
		}
	}
}
