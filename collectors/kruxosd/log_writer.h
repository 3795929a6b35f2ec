/* Appends to the day files, and knows what the disk has taken.
 *
 * Bytes are written at a known offset, behind the last byte whose sync has
 * returned; nothing is ever read back, because after a failed fdatasync the
 * page cache shows bytes that the disk does not have.
 *
 * A new file is a candidate until its first append, directory included, is
 * synced; only then does it take the place of the file before. A candidate
 * that the disk refused is unlinked, and until that is durable nothing is
 * appended anywhere: two files that claim the same seq must not exist.
 *
 * The disk and the clock are handed in.
 */
#ifndef KRUXOSD_LOG_WRITER_H
#define KRUXOSD_LOG_WRITER_H

#include "base/disk.h"
#include "log/logfile.h"

struct log_writer;

/* Write into the folder open as `dir`, called `path` in sentences; both stay
 * the caller's and outlive the writer. Never NULL. */
struct log_writer *log_writer_new(struct disk *disk, int dir, const char *path);
void log_writer_free(struct log_writer *writer);

/* Go on in the file `name`, of which `bytes` belong to the log and are
 * durable. -1: ERROR_SYSTEM. */
int log_writer_resume(struct log_writer *writer, const char *name,
    uint64_t bytes, struct error *err);

/* Go on behind the file `name` of `bytes` bytes, but in a new one: nothing is
 * appended to a damaged file. */
void
log_writer_seal(struct log_writer *writer, const char *name, uint64_t bytes);

/* Must what is recorded at `recorded_at` go into a new file: is there none, is
 * it of another day, or can it not be written any more? */
bool log_writer_needs_file(const struct log_writer *writer, usec_t recorded_at);

/* Create the next file for `recorded_at`: the day's first, or its next part.
 * An earlier candidate is unlinked. -1: ERROR_SYSTEM. */
int log_writer_create(
    struct log_writer *writer, usec_t recorded_at, struct error *err);

/* Write `bytes` behind the last durable byte, and sync; the directory too,
 * where the file is new. 0: they are durable. -1 and ERROR_SYSTEM: nothing is
 * known of them, and the file ends where it did. The same bytes may be
 * appended once more; before others, log_writer_cut() must have succeeded. */
int log_writer_append(
    struct log_writer *writer, struct slice bytes, struct error *err);

/* After a failure: make it durable that nothing of it is left: a candidate is
 * unlinked, the file cut back to its last durable byte. Where the file refuses
 * to be cut, the next append needs a new one, whose `log.open` says how much
 * of this one counts. -1 and ERROR_SYSTEM: nothing can be appended yet. */
int log_writer_cut(struct log_writer *writer, struct error *err);

/* The file that holds the last durable entry: its name ("": none yet) and how
 * many of its bytes are durable. */
const char *log_writer_name(const struct log_writer *writer);
uint64_t log_writer_bytes(const struct log_writer *writer);

#endif
