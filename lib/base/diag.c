#include "base/diag.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <unistd.h>

/* A pipe takes up to PIPE_BUF bytes whole (pipe(7)): lines of two threads or
 * programs never mix, and a longer one is cut. */
enum { LINE_BYTES = PIPE_BUF };

#define ELLIPSIS "…"

static const char *name = "";
static enum diag_level highest = DIAG_INFO;

void
diag_init(const char *program, enum diag_level level)
{
	name = program;
	highest = level;
}

static void
end_line(struct buf *line)
{
	if (line->len > LINE_BYTES - 1) {
		buf_set_len(line,
		    text_cut(buf_slice(line), LINE_BYTES - sizeof(ELLIPSIS)));
		buf_add_str(line, ELLIPSIS);
	}
	buf_add_char(line, '\n');
}

void
diag(enum diag_level level, const char *format, ...)
{
	cleanup(buf_free) struct buf message = BUF_INIT;
	cleanup(buf_free) struct buf line = BUF_INIT;
	int errnum = errno;
	va_list arguments;

	if (level > highest)
		return;
	va_start(arguments, format);
	buf_addv(&message, format, arguments);
	va_end(arguments);
	if (!isatty(STDERR_FILENO))
		buf_addf(&line, "<%d>", (int)level);
	if (name[0] != '\0')
		buf_addf(&line, "%s: ", name);
	text_add_visible(&line, buf_slice(&message), TEXT_ONE_LINE);
	end_line(&line);
	/* There is nobody to tell when stderr itself cannot be written. */
	if (write(STDERR_FILENO, line.data, line.len) == -1)
		(void)0;
	errno = errnum;
}
