#include "collectors/kruxosd/redo.h"

#include "base/cleanup.h"
#include "base/diag.h"
#include "log/cursor.h"

DEFINE_CLEANUP(struct sha256 *, sha256_free);

static void
redo(const struct cursor_line *line, struct erasure *erasure,
    struct retention *retention)
{
	cleanup(sha256_freep) struct sha256 *sha256 = sha256_new();
	struct entry entry;
	struct error err;

	/* What is damaged, or half erased, names nothing. */
	if (entry_parse(line->line, &entry, &err) == -1 ||
	    entry_check(sha256, &entry, &err) == -1)
		return;
	if (slice_is(entry.capability, "audit.erase") &&
	    erasure_redo(erasure, line->seq, &err) == -1)
		erasure_note_undone(erasure, line->seq, &err);
	if (entry.actor == ENTRY_SYSTEM &&
	    slice_is(entry.capability, "log.retention") &&
	    retention_redo(retention, &entry, &err) == -1)
		diag(DIAG_ERROR, "entry %llu: %s",
		    (unsigned long long)line->seq, err.sentence);
}

int
redo_last_batch(const char *audit_dir, const struct recovery *recovery,
    struct erasure *erasure, struct retention *retention, struct error *err)
{
	uint64_t first = recovery->last_batch_seq;
	cleanup(cursor_freep) struct cursor *cursor = NULL;
	struct cursor_line line;
	int found;

	if (first == 0)
		return 0;
	cursor = cursor_open(audit_dir, err);
	if (cursor == NULL || cursor_seek(cursor, first, err) == -1)
		return -1;
	do {
		/* To the end: a damaged line may claim any seq. */
		found = cursor_next(cursor, UINT64_MAX, &line, err);
		if (found == 1 && line.seq <= recovery->head.seq)
			redo(&line, erasure, retention);
		else if (found == -1 && err->code != ERROR_CORRUPT)
			return -1;
	} while (found != 0);
	return 0;
}
