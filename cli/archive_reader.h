/* Reads a backup (archive_writer.h). It may come from anywhere: nothing in it
 * is believed but that its bytes are what its own sums say, once all of it was
 * read. Names are those that tar_is_name() takes; what they may be is the
 * caller's to say.
 */
#ifndef CLI_ARCHIVE_READER_H
#define CLI_ARCHIVE_READER_H

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/tar.h"

struct archive_reader;

enum { ARCHIVE_READER_PIECE_BYTES = 16 << 10 };

/* Read from the descriptor `fd`, called `name` in sentences; both stay the
 * caller's. Never NULL. */
struct archive_reader *archive_reader_new(int fd, const char *name);
void archive_reader_free(struct archive_reader *reader);

DEFINE_CLEANUP(struct archive_reader *, archive_reader_free);

/* The next file; what is left of the one before is passed over. 1; 0: that was
 * all, the sums hold, and nothing follows; -1: ERROR_CORRUPT (no backup, cut
 * short, changed), ERROR_SYSTEM. */
int archive_reader_next(struct archive_reader *reader,
    struct tar_member *ret_member, struct error *err);

/* The next bytes of that file, good until the next call; none: it has ended. */
int archive_reader_read(
    struct archive_reader *reader, struct slice *ret_bytes, struct error *err);

/* All of that file, appended to `out`. ERROR_CORRUPT: it has more than `most`
 * bytes. */
int archive_reader_read_all(struct archive_reader *reader, size_t most,
    struct buf *out, struct error *err);

/* Bytes taken from the descriptor so far. */
uint64_t archive_reader_bytes(const struct archive_reader *reader);

#endif
