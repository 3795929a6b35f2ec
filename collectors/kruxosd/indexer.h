/* The index's thread: from the log into kruxos.db.
 *
 * It follows the log's own files (log/cursor.h) up to the entry that the main
 * thread calls durable. What is new and what was missed while the daemon was
 * away come by the same road, and nothing is queued: whatever the thread has
 * not read yet waits in the log. The database may lag the log, never lead it.
 *
 * kruxos.db is a projection. One that is damaged, or of a later version, is
 * kept beside the new one as kruxos.db.damaged-<time> (with its -wal and
 * -shm), and the index is built again from the log; diag says so. When the
 * database cannot be written (a full disk), the thread tries again; the log
 * does not depend on it.
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
	bool is_ok;	     /* else the index does not move, and … */
	char sentence[256];  /* … this says why; else "" */
	bool is_rebuilding;
	double progress; /* of a rebuild or of catching up, 0–1 */
};

/* What the status page says of the index. */
void indexer_get(struct indexer *indexer, struct indexer_state *ret_state);

/* Readable when the state has moved; for the main loop, which reads it with
 * read(2) (an eventfd) and writes the status page again. */
int indexer_fd(const struct indexer *indexer);

/* Throw the index away and build it again in the same file, under the next
 * generation. Returns at once; indexer_get() tells of the progress. */
void indexer_reindex(struct indexer *indexer);

/* The log begins at `first_seq` now: from the next batch on nothing before it
 * is found or counted. Its rows stay until the index is built again. */
void indexer_forget(struct indexer *indexer, uint64_t first_seq);

/* End the thread after the batch at hand. Called by indexer_free() too. */
void indexer_stop(struct indexer *indexer);
void indexer_free(struct indexer *indexer);

/* --- was this call recorded before? (recent.h) ------------------------------
 *
 * By a connection of the main thread's own. */

/* What the index keeps of a call_id. */
uint32_t indexer_call_hash(struct slice call_id);

/* The seq of the newest entry recorded at `since` or later with the actor,
 * session, call_id, capability and status of `entry`; 0: none in the index,
 * or it cannot tell. The log's own line decides. `context` is the indexer:
 * the function is a recent_find. */
uint64_t
indexer_find_call(void *context, const struct entry *entry, usec_t since);

/* Hand the hashes of what was recorded at `since` or later, and a time not
 * before it was recorded, to `on_call`. Called once at start, in the order of
 * blocks. A thread of the caller's may call it: it opens a connection of its
 * own. ERROR_CORRUPT, ERROR_SYSTEM. */
int indexer_each_call(struct indexer *indexer, usec_t since,
    void (*on_call)(void *context, uint32_t hash, usec_t at), void *context,
    struct error *err);

#endif
