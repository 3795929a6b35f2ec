#include "cli/run/say.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/text.h"

void
say(const char *format, ...)
{
	cleanup(buf_free) struct buf sentence = BUF_INIT;
	cleanup(buf_free) struct buf line = BUF_INIT;
	va_list arguments;

	va_start(arguments, format);
	buf_addv(&sentence, format, arguments);
	va_end(arguments);
	buf_add_str(&line, "kruxos-run: ");
	text_add_visible(&line, buf_slice(&sentence), TEXT_ONE_LINE);
	buf_add_char(&line, '\n');
	fwrite(line.data, 1, line.len, stderr);
}
