#include "cli/lines.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINES_READ_BYTES = 64 << 10 };

int
lines_open(struct lines *lines, const char *path, struct error *err)
{
	bool is_stdin = path == NULL || strcmp(path, "-") == 0;
	struct stat status;

	*lines = (struct lines){
		.fd =
		    is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC),
		.name = is_stdin ? "standard input" : path,
		.buf = BUF_INIT,
	};
	if (lines->fd == -1)
		return error_set_errno(err, "%s", path);
	if (fstat(lines->fd, &status) == 0 && S_ISREG(status.st_mode))
		lines->total_bytes = (uint64_t)status.st_size;
	return 0;
}

void
lines_close(struct lines *lines)
{
	buf_free(&lines->buf);
	if (lines->fd > STDIN_FILENO)
		close(lines->fd);
	lines->fd = -1;
}

/* Read once more. 1, 0 at the end of the file, -1. */
static int
lines_read(struct lines *lines, struct error *err)
{
	ssize_t got;

	if (lines->at > 0) {
		buf_consume(&lines->buf, lines->at);
		lines->at = 0;
	}
	buf_reserve(&lines->buf, LINES_READ_BYTES);
	do
		got = read(lines->fd, lines->buf.data + lines->buf.len,
		    LINES_READ_BYTES);
	while (got == -1 && errno == EINTR);
	if (got == -1)
		return error_set_errno(err, "%s", lines->name);
	buf_set_len(&lines->buf, lines->buf.len + (size_t)got);
	lines->is_at_end = got == 0;
	return got > 0;
}

int
lines_next(struct lines *lines, struct slice *ret_line, struct error *err)
{
	bool is_too_long = false;

	for (;;) {
		const char *from = lines->buf.data + lines->at;
		size_t have = lines->buf.len - lines->at;
		const char *newline = memchr(from, '\n', have);
		size_t len = newline != NULL ? (size_t)(newline - from) : have;
		int more;

		is_too_long = is_too_long || len > LINES_BYTES;
		if (newline != NULL || (lines->is_at_end && have > 0) ||
		    (lines->is_at_end && is_too_long)) {
			lines->at += newline != NULL ? len + 1 : len;
			lines->bytes += newline != NULL ? len + 1 : len;
			lines->number++;
			*ret_line = is_too_long ? (struct slice){ NULL, 0 }
						: (struct slice){ from, len };
			return 1;
		}
		if (lines->is_at_end)
			return 0;
		if (is_too_long) { /* what has been read of it is not kept */
			lines->bytes += have;
			lines->at += have;
		}
		more = lines_read(lines, err);
		if (more == -1)
			return -1;
	}
}

bool
lines_are_ready(const struct lines *lines)
{
	struct pollfd input = { .fd = lines->fd, .events = POLLIN };
	size_t have = lines->buf.len - lines->at;

	return lines->is_at_end ||
	       memchr(lines->buf.data + lines->at, '\n', have) != NULL ||
	       poll(&input, 1, 0) != 0;
}

int
lines_rewind(struct lines *lines, struct error *err)
{
	if (lseek(lines->fd, 0, SEEK_SET) == -1)
		return error_set_errno(err, "%s: read twice", lines->name);
	buf_reset(&lines->buf);
	lines->at = 0;
	lines->is_at_end = false;
	lines->number = 0;
	lines->bytes = 0;
	return 0;
}
