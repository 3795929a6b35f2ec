/* Lines of a file or a pipe, one after another, of bounded length. */
#ifndef CLI_LINES_H
#define CLI_LINES_H

#include "base/buf.h"
#include "base/error.h"

#include <stdint.h>

enum { LINES_BYTES = 1 << 20 }; /* the door takes no longer line */

struct lines {
	int fd;
	const char *name; /* for sentences */
	struct buf buf;	  /* read, and not given yet from `at` on */
	size_t at;
	bool is_at_end;	      /* of the file */
	uint64_t number;      /* of the line given last, from 1 */
	uint64_t bytes;	      /* given so far */
	uint64_t total_bytes; /* of a regular file; else 0 */
};

/* Open the file `path`; NULL or "-": standard input. ERROR_SYSTEM. */
int lines_open(struct lines *lines, const char *path, struct error *err);
void lines_close(struct lines *lines);

/* The next line, without its end: 1 and `ret_line`, good until the next call;
 * 0 at the end; -1: ERROR_SYSTEM. A line longer than LINES_BYTES is read past,
 * and given as {NULL, 0}. */
int lines_next(struct lines *lines, struct slice *ret_line, struct error *err);

/* Would lines_next() answer at once? */
bool lines_are_ready(const struct lines *lines);

/* Back to the first line. -1 with ERROR_SYSTEM where that cannot be. */
int lines_rewind(struct lines *lines, struct error *err);

#endif
