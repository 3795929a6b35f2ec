/* Bytes of the log at places that are known: rows of the index say in which day
 * file, and at which offset, a line begins. The last few files stay open. */
#ifndef LOG_PLACES_H
#define LOG_PLACES_H

#include "base/cleanup.h"
#include "log/logfile.h"

struct places;

/* Of the log in `audit_dir`. NULL: ERROR_SYSTEM. */
struct places *places_open(const char *audit_dir, struct error *err);
void places_free(struct places *places);

DEFINE_CLEANUP(struct places *, places_free);

/* The line that begins at `offset` of the day file `file`, appended to `out`
 * without '\n'. ERROR_NOT_FOUND where the file has gone (retention),
 * ERROR_CORRUPT where no line of the log's length begins there. */
int places_read_line(struct places *places, struct slice file, uint64_t offset,
    struct buf *out, struct error *err);

/* As many as `length` bytes of it from `offset` on, appended to `out`; fewer at
 * its end. */
int places_read(struct places *places, struct slice file, uint64_t offset,
    size_t length, struct buf *out, struct error *err);

#endif
