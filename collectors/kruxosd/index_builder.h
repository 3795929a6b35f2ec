/* The index's file, filled from the log: opening it and putting it aside, a
 * batch after the other, sweeping, and beginning anew. What the indexer's
 * thread does, without the thread (indexer.h); of one thread.
 */
#ifndef KRUXOSD_INDEX_BUILDER_H
#define KRUXOSD_INDEX_BUILDER_H

#include "base/clock.h"
#include "collectors/kruxosd/index_writer.h"

enum { INDEX_BUILDER_BATCH = 8192 }; /* entries of a batch, at most */

struct index_builder;

/* Over `data_dir`/kruxos.db and the log in `audit_dir`; `clock` stays the
 * caller's. Nothing is opened yet. Never NULL. */
struct index_builder *index_builder_new(
    const char *audit_dir, const char *data_dir, struct clock *clock);
void index_builder_free(struct index_builder *builder);

struct index_builder_state {
	struct index_extent extent; /* as it was known last */
	usec_t recorded_at;	    /* of the last entry that was added */
	uint64_t first_wanted;	    /* where this building began */
	uint64_t log_first_seq;	    /* where the log began then; 0: unknown */
	bool is_rebuilding;	    /* until index_builder_end_rebuild(): … */
	char damage[256];	    /* … because of this; else "" */
};
const struct index_builder_state *
index_builder_state(struct index_builder *builder);

/* Open the database, if it is not; make it, if need be. One that is damaged, of
 * a later version, or whose files were replaced under us, is put aside. -1:
 * ERROR_SYSTEM, ERROR_BUSY. */
int index_builder_open(struct index_builder *builder, struct error *err);

/* Put the database aside, for the reason in `why` (aside.h): the index is built
 * again. */
void
index_builder_put_aside(struct index_builder *builder, const struct error *why);

/* Take the next entries up to `durable` in; nothing before `first_seq` is found
 * any more. 1: there may be more, 0: all is in, -1: nothing of the batch has
 * been; ERROR_CORRUPT: the database was put aside, else ERROR_SYSTEM,
 * ERROR_BUSY: try again later. */
int index_builder_batch(struct index_builder *builder, uint64_t durable,
    uint64_t first_seq, struct error *err);

/* A step of index_writer_sweep(); behind a batch. 1, 0, -1 as above. */
int index_builder_sweep(struct index_builder *builder, struct error *err);

/* All is in. */
void index_builder_end_rebuild(struct index_builder *builder);

/* Empty the index, to build it again. -1: it is as it was: there is no room
 * (ENOSPC), or it cannot be written. */
int index_builder_clear(struct index_builder *builder, struct error *err);

#endif
