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
 * What was synced into a file that nobody can find is not recorded: before each
 * write and after each sync the name in the folder must be the file that is
 * written, of the length it was given, and the folder that of its path. A file
 * that somebody removed, replaced, cut or wrote to is sealed, and the log goes
 * on in a new one; from a folder that is not at its path there is no going on.
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
 * where the file is new. 0: they are durable, where they are looked for. -1 and
 * ERROR_SYSTEM: nothing is known of them, and the file ends where it did. The
 * same bytes may be appended once more; before others, log_writer_cut() must
 * have succeeded. ERROR_CORRUPT: the file is not as it was left, and is sealed;
 * the bytes belong into a new one. ERROR_NOT_FOUND: the folder is another. */
int log_writer_append(
    struct log_writer *writer, struct slice bytes, struct error *err);

/* Is the file that holds the last durable entry as it was left? A file that is
 * not written any more is not looked at. -1: ERROR_CORRUPT and ERROR_NOT_FOUND,
 * as above; who could not look (ERROR_SYSTEM) knows nothing. */
int log_writer_check(struct log_writer *writer, struct error *err);

/* How the file that ERROR_CORRUPT was about is not as it was left. */
struct log_damage {
	char file[LOGFILE_NAME_SIZE];
	uint64_t durable_bytes; /* it had so many */
	const char *found;	/* "removed", "replaced", "cut", "extended" */
	uint64_t found_bytes;	/* under its name */
};
const struct log_damage *log_writer_damage(const struct log_writer *writer);

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
