/* Substring search over the files' own bytes.
 *
 * `q` of a query is one literal, case-sensitive substring of the strings as
 * they are written in the log behind the salt. scan_encode() brings it into
 * the writer's form; scan_line() looks at one line; scan_range() reads a
 * stretch of a file as fast as grep -F does and names the lines that match.
 */
#ifndef LOG_SCAN_H
#define LOG_SCAN_H

#include "log/entry.h"

enum { SCAN_QUERY_BYTES = 1024 };

/* `q` (valid UTF-8) as the writer would write it inside a string. */
void scan_encode(struct slice q, struct buf *out);

/* Does the payload of `line`, behind its salt, hold `needle` (encoded)? */
bool scan_line(struct slice line, struct slice needle);

/* A line that matches. Returning false ends the scan. */
typedef bool (*scan_on_match)(
    void *context, struct slice line, uint64_t offset);

/* Look through `length` bytes from `offset` (the beginning of a line) of the
 * file `fd`, in order. Uses pread, so that several threads may share `fd`.
 * -1: ERROR_SYSTEM. */
int scan_range(int fd, uint64_t offset, uint64_t length, struct slice needle,
    scan_on_match on_match, void *context, struct error *err);

#endif
