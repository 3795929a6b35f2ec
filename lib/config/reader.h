/* The format of kruxos.conf, line by line:
 *
 *	# a comment, on a line of its own; so is what begins with ';'
 *	[section]
 *	key = value
 *
 *	[section name]
 *	key = the value ends with the line; = # ; " are characters like others
 *
 * White space (spaces and tabs) around section, name, key and value is nothing;
 * a line ends in \n or \r\n. A value may be empty. Lines have at most 4 KiB of
 * valid UTF-8 without control characters.
 */
#ifndef CONFIG_READER_H
#define CONFIG_READER_H

#include "base/error.h"
#include "base/slice.h"

enum { READER_LINE_BYTES = 4096 };

struct reader {
	struct slice rest; /* not yet read */
	unsigned line;	   /* of what was read last; the first is 1 */
};

enum reader_kind {
	READER_END,
	READER_SECTION, /* section and name */
	READER_PAIR,	/* key and value */
	READER_BAD,	/* the line is wrong; one may go on behind it */
};

/* Slices of the text; `name` is {NULL, 0} where there is none. */
struct reader_item {
	struct slice section;
	struct slice name;
	struct slice key;
	struct slice value;
};

void reader_init(struct reader *reader, struct slice text);

/* The next line that says something. READER_BAD fills `err` with what is wrong
 * with it; its number is reader->line. */
enum reader_kind
reader_next(struct reader *reader, struct reader_item *ret, struct error *err);

#endif
