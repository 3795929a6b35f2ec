/* Payloads overwritten where they stand, in the log and in the copies under
 * torn/ (erasure.h says when, and why).
 *
 * A payload becomes `"erased_by":<seq>` and spaces of the same length, so
 * offsets never move. One that is half overwritten is found as well: the head
 * of its line tells enough.
 */
#ifndef KRUXOSD_OVERWRITE_H
#define KRUXOSD_OVERWRITE_H

#include "base/disk.h"
#include "base/error.h"
#include "log/cursor.h"

/* Where: the log's folder, open as `dir`, with its path. */
struct overwrite {
	struct disk *disk;
	int dir;
	const char *audit_dir;
};

/* The payloads of `count` entries, whose seqs go up, by the `audit.erase` entry
 * `eraser`; synced when this returns. One that another one has erased, or
 * that has gone by retention, is passed over; `ret_erased` says how many were
 * still there. ERROR_CORRUPT: one could not be found; the others are erased. */
int overwrite_payloads(const struct overwrite *on, const uint64_t *seqs,
    size_t count, uint64_t eraser, size_t *ret_erased, struct error *err);

/* All payloads of all copies under torn/, by spaces. */
int overwrite_copies(const struct overwrite *on, struct error *err);

/* What stands behind the length of a day file, by spaces: the lines of a batch
 * that the disk refused there stand in the next file once more. */
int overwrite_remains(const struct overwrite *on, struct error *err);

/* The line of entry `seq`. ERROR_NOT_FOUND (err->field "seqs"): the log has
 * none; ERROR_SYSTEM, ERROR_CORRUPT. */
int overwrite_find(struct cursor *cursor, uint64_t seq,
    struct cursor_line *ret_line, struct error *err);

#endif
