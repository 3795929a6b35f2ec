/* kruxos.db as its one writer has it: an entry goes in as a row, into the
 * bitmaps (segment_writer.h) and into the projections (projection.h); all of a
 * batch becomes visible at once, or nothing of it.
 *
 * What is kept in memory follows the transaction: after a failure
 * index_writer_rollback() brings both back to the last commit.
 */
#ifndef KRUXOSD_INDEX_WRITER_H
#define KRUXOSD_INDEX_WRITER_H

#include "log/entry.h"
#include "store/database.h"

struct index_writer;

/* What the index holds. */
struct index_extent {
	uint64_t generation;
	uint64_t first_seq;		       /* entries before it are gone */
	uint64_t last_seq;		       /* 0: it is empty */
	unsigned char last_hash[SHA256_BYTES]; /* entry_hash of last_seq */
	uint64_t recent_seq; /* from here on no block of 65,536 */
	uint64_t tail_seq;   /* from here on no block at all */
};

/* Open the database at `path`, make it if need be, bring its schema up to
 * ours. NULL: ERROR_CORRUPT, ERROR_SYSTEM. */
struct index_writer *index_writer_open(const char *path, struct error *err);
void index_writer_close(struct index_writer *writer);

const struct index_extent *
index_writer_extent(const struct index_writer *writer);

/* Is its file still the one at the path? (It may be deleted at any time.) */
bool index_writer_is_there(struct index_writer *writer);

/* A batch. After -1 from any of these, index_writer_rollback(). */
int index_writer_begin(struct index_writer *writer, struct error *err);

/* The next entry, whose line begins at `offset` of the day file `file`; its
 * seq is larger than last_seq. */
int index_writer_add(struct index_writer *writer, const struct entry *entry,
    struct slice file, uint64_t offset, struct error *err);

/* Entries before `first_seq` are gone: searches begin there. Within a batch. */
void index_writer_forget(struct index_writer *writer, uint64_t first_seq);

/* Take out what the tables still hold of entries that are gone: a bounded step,
 * a batch of its own. 1: there is more, 0: an index built now would hold no
 * less, -1: index_writer_rollback(). */
int index_writer_sweep(struct index_writer *writer, struct error *err);

int index_writer_commit(struct index_writer *writer, struct error *err);

/* Take the write-ahead log back when it has grown (database.h). Between
 * batches. */
int index_writer_checkpoint(struct index_writer *writer, struct error *err);

/* Give back what is kept for speed alone. Between batches. */
void index_writer_shrink(struct index_writer *writer);

/* Nothing of this batch has been. -1: the database is of no use any more. */
int index_writer_rollback(struct index_writer *writer, struct error *err);

/* Empty the index; `generation` begins. A batch of its own; -1: it is as it
 * was. */
int index_writer_clear(
    struct index_writer *writer, uint64_t generation, struct error *err);

#endif
