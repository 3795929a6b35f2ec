/* Entries of the log, one after another, from a seq on, in either direction,
 * across files, by the files alone: no index is needed. */
#ifndef LOG_CURSOR_H
#define LOG_CURSOR_H

#include "base/cleanup.h"
#include "log/logfile.h"

struct cursor;

struct cursor_line {
	struct slice line; /* without '\n'; good until the next call */
	uint64_t seq;
	uint64_t offset;  /* of its first byte in the file */
	const char *file; /* its name; good until the next call */
};

/* Read the log in `audit_dir`. NULL: ERROR_SYSTEM. An empty folder is an
 * empty log. */
struct cursor *cursor_open(const char *audit_dir, struct error *err);
void cursor_free(struct cursor *cursor);

DEFINE_CLEANUP(struct cursor *, cursor_free);

/* Stand before `seq`, so that cursor_next() gives it (or the first later one
 * that is there) and cursor_previous() the one before it. A seq beyond the end
 * stands at the end. O(log n) reads. ERROR_SYSTEM, ERROR_CORRUPT. */
int cursor_seek(struct cursor *cursor, uint64_t seq, struct error *err);

/* The next line: 1 and `ret_line`, 0 at the end, -1. At the end a later call
 * gives what was appended since, in the same file or a newer one. A line that
 * is not whole yet (no '\n') is the end. Lines are found, not checked beyond
 * the seq at their front; where that cannot be read, ERROR_CORRUPT, and the
 * next call goes on behind it. `limit`: lines with a larger seq are not given
 * (the daemon's head: what stands behind it is not durable yet, and is read
 * anew later); UINT64_MAX for none. */
int cursor_next(struct cursor *cursor, uint64_t limit,
    struct cursor_line *ret_line, struct error *err);

/* The line before; 1, 0 at the beginning of the log, -1 as above. */
int cursor_previous(
    struct cursor *cursor, struct cursor_line *ret_line, struct error *err);

#endif
