#include "config/parser.h"

#include "base/text.h"

#include <stdarg.h>

void
parser_problem(
    struct parser *parser, const struct place *place, const char *format, ...)
{
	struct buf *out = parser->problems;
	va_list arguments;

	text_add_visible(out, slice_of(parser->files->files[place->file].path),
	    TEXT_ONE_LINE);
	if (place->line > 0)
		buf_addf(out, ":%u", place->line);
	buf_add_str(out, ": ");
	if (place->section.data != NULL) {
		buf_add_char(out, '[');
		text_add_visible(out, place->section, TEXT_ONE_LINE);
		if (place->name.data != NULL)
			buf_add_char(out, ' ');
		text_add_visible(out, place->name, TEXT_ONE_LINE);
		buf_add_char(out, ']');
		if (place->key.data != NULL)
			buf_add_char(out, ' ');
		text_add_visible(out, place->key, TEXT_ONE_LINE);
		buf_add_str(out, ": ");
	}
	va_start(arguments, format);
	buf_addv(out, format, arguments);
	va_end(arguments);
	buf_add_char(out, '\n');
}
