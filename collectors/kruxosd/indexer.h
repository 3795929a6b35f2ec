/* The index's thread: from the log into kruxos.db.
 *
 * It follows the log's own files (log/cursor.h) up to the entry that the main
 * thread calls durable. What is new and what was missed while the daemon was
 * away come by the same road, and nothing is queued: whatever the thread has
 * not read yet waits in the log. The database may lag the log, never lead it.
 *
 * kruxos.db is a projection. One that is damaged, or of a later version, is
 * put aside (aside.h), and the index is built again from the log; diag and the
 * state say so. So is one whose file was deleted, or whose -wal or -shm are no
 * longer those that were opened. When the database cannot be written (a full
 * disk), the thread tries again each second; the log does not depend on it.
 * That another process has locked it is no failure: the index only lags.
 *
 * Nothing of a payload is ever kept here (projections are made of heads alone),
 * so an erasure in the log has nothing to redo in the index.
 *
 * The functions are the main thread's, unless they say otherwise.
 */
#ifndef KRUXOSD_INDEXER_H
#define KRUXOSD_INDEXER_H

#include "base/clock.h"
#include "base/error.h"
#include "log/entry.h"
#include "store/status.h"

struct indexer;

/* Open, create or migrate `data_dir`/kruxos.db over the log in `audit_dir`.
 * `clock` stays the caller's. Nothing is indexed before indexer_start(). NULL:
 * ERROR_SYSTEM (the folder cannot be written). */
struct indexer *indexer_new(const char *audit_dir, const char *data_dir,
    struct clock *clock, struct error *err);

/* Start the thread. ERROR_SYSTEM. */
int indexer_start(struct indexer *indexer, struct error *err);

/* The log is durable through `seq`. Cheap; called after each commit. */
void indexer_durable(struct indexer *indexer, uint64_t seq);

struct indexer_state {
	uint64_t index_seq; /* the last entry in the index, and its entry_hash:
			       what recovery knows when the log has lost it */
	unsigned char index_hash[SHA256_BYTES];
	uint64_t generation; /* a rebuilt index has another */
	enum status_index status;
	usec_t behind_since; /* as on the status page */
	char sentence[256];  /* what is wrong with it; else "" */
	double progress;     /* of building it again, 0–1 */
	/* Why the last indexer_reindex() did nothing; else "". */
	char refusal[256];
};

/* What the status page says of the index. */
void indexer_get(struct indexer *indexer, struct indexer_state *ret_state);

/* Readable when the state has moved; for the main loop, which reads it with
 * read(2) (an eventfd) and writes the status page again. */
int indexer_fd(const struct indexer *indexer);

/* Throw the index away and build it again in the same file, under the next
 * generation. Returns at once; indexer_get() tells of the progress. Where there
 * is no room for it the index stays as it is, and the state has a refusal. */
void indexer_reindex(struct indexer *indexer);

/* Any thread: the index of `generation` was found to be damaged, as `sentence`
 * says (scrub.h). It is put aside and built again, if it is still that one. */
void indexer_found_damage(
    struct indexer *indexer, uint64_t generation, const char *sentence);

/* The log begins at `first_seq` now: from the next batch on nothing before it
 * is found or counted. What the index holds of it is taken out afterwards, in
 * bounded steps between batches, and so is what went while the daemon was
 * away. Sums of actors and sessions are exact again when that is done. */
void indexer_forget(struct indexer *indexer, uint64_t first_seq);

/* End the thread after the batch at hand. Called by indexer_free() too. */
void indexer_stop(struct indexer *indexer);
void indexer_free(struct indexer *indexer);

#endif
