#include "collectors/observer/proc.h"

#include "base/cleanup.h"
#include "base/number.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>

enum { FIRST_BYTES = 4096 };

/* Until the end, or until there is enough; -1 and errno. */
static int
read_to_end(int fd, struct buf *text)
{
	while (text->len < PROC_BYTES) {
		ssize_t got;

		buf_reserve(text, text->len == 0 ? FIRST_BYTES : text->len);
		got = read(
		    fd, text->data + text->len, text->capacity - text->len - 1);
		if (got == -1 && errno == EINTR)
			continue;
		if (got == -1)
			return -1;
		if (got == 0)
			return 0;
		buf_set_len(text, text->len + (size_t)got);
	}
	return 0;
}

int
proc_read(
    const char *root, const char *name, struct buf *ret_text, struct error *err)
{
	cleanup(buf_free) struct buf path = BUF_INIT;
	cleanup(cleanup_close) int fd = -1;

	buf_addf(&path, "%s/%s", root, name);
	buf_reset(ret_text);
	fd = open(path.data, O_RDONLY | O_CLOEXEC);
	if (fd == -1 || read_to_end(fd, ret_text) == -1)
		return error_set_errno(err, "%s", path.data);
	return 0;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct slice
proc_take_word(struct slice *text)
{
	struct slice word;
	size_t start = 0, end;

	while (start < text->len && is_blank(text->data[start]))
		start++;
	end = start;
	while (end < text->len && !is_blank(text->data[end]) &&
	       text->data[end] != '\n')
		end++;
	word = (struct slice){ text->data + start, end - start };
	text->data += end;
	text->len -= end;
	return word;
}

int
proc_take_u64(struct slice *text, uint64_t *ret)
{
	return number_parse_u64(proc_take_word(text), 0, UINT64_MAX, ret);
}

int
proc_take_double(struct slice *text, double *ret)
{
	return number_parse_double(proc_take_word(text), 0, HUGE_VAL, ret);
}

void
proc_skip(struct slice *text, int count)
{
	while (count-- > 0)
		proc_take_word(text);
}

int
proc_find_u64(struct slice text, const char *key, uint64_t *ret)
{
	struct slice line;

	while (slice_take_line(&text, &line))
		if (slice_is(proc_take_word(&line), key))
			return proc_take_u64(&line, ret);
	return -1;
}
