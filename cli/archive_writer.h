/* Writes a backup: files one behind the other as a tar archive (base/tar.h),
 * compressed by Zstandard; the last one, SHA256SUMS, has the sums of all others
 * as sha256sum(1) writes and checks them.
 *
 * So a backup that was cut short or changed is found out by who reads it, and
 * can be opened without us: `tar -I zstd -xf FILE`.
 */
#ifndef CLI_ARCHIVE_WRITER_H
#define CLI_ARCHIVE_WRITER_H

#include "base/cleanup.h"
#include "base/tar.h"

struct archive_writer;

#define ARCHIVE_SUMS "SHA256SUMS"

/* Write to the descriptor `fd`, called `name` in sentences; both stay the
 * caller's. Never NULL. */
struct archive_writer *archive_writer_new(int fd, const char *name);
void archive_writer_free(struct archive_writer *writer);

DEFINE_CLEANUP(struct archive_writer *, archive_writer_free);

/* A file of these bytes. `member->bytes` is how many. -1: ERROR_SYSTEM; after
 * that nothing else can be added. */
int archive_writer_add(struct archive_writer *writer,
    const struct tar_member *member, struct slice bytes, struct error *err);

/* The first `member->bytes` bytes of the file open as `from`, called `path`.
 * `on_bytes` (may be NULL) hears of each piece. ERROR_CORRUPT: the file has
 * less. */
int archive_writer_add_file(struct archive_writer *writer,
    const struct tar_member *member, int from, const char *path,
    void (*on_bytes)(void *context, size_t bytes), void *context,
    struct error *err);

/* Write the sums, and the end. */
int archive_writer_end(struct archive_writer *writer, struct error *err);

/* Bytes written so far. */
uint64_t archive_writer_bytes(const struct archive_writer *writer);

#endif
