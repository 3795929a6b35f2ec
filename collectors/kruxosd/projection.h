/* What follows from entries: who was seen, sessions, approvals.
 *
 * Made of the heads of entries alone, in the order of seq, so that building
 * the index again gives the same. Sums of a batch are gathered in memory and
 * written once, by projection_flush().
 */
#ifndef KRUXOSD_PROJECTION_H
#define KRUXOSD_PROJECTION_H

#include "log/entry.h"
#include "store/dictionary.h"

struct projection;

/* An entry and its names' ids. */
struct projection_entry {
	const struct entry *entry;
	dictionary_id actor, capability, session; /* session 0: none */
	dictionary_id file;			  /* of the log */
};

/* `database` stays the caller's, and outlives it. */
struct projection *projection_new(struct database *database, struct error *err);
void projection_free(struct projection *projection);

/* The next entry of the batch; within a transaction. */
int projection_add(struct projection *projection,
    const struct projection_entry *entry, struct error *err);

/* Write what was gathered; before the transaction ends. */
int projection_flush(struct projection *projection, struct error *err);

/* Retention has taken `file`, and all before `first_seq`: take what it added
 * out of the sums of actors and sessions, and what asked in it out of the
 * approvals. A bounded step: 1 there is more, 0 it is done, -1. Within a
 * transaction in which nothing was added. Names may go
 * (dictionary_writer_reset()).
 */
int projection_forget(struct projection *projection, dictionary_id file,
    uint64_t first_seq, struct error *err);

/* Forget what was gathered: the transaction was rolled back. */
int projection_reset(struct projection *projection, struct error *err);

/* Empty the tables; names (actor, session) are the dictionary's. */
int projection_clear(struct projection *projection, struct error *err);

#endif
