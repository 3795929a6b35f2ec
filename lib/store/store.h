/* kruxos.db, read-only, and the log that it is an index of.
 *
 * kruxosd alone writes the database (collectors/kruxosd/indexer.h); everyone
 * else, of another uid, reads it here. It may not be there yet, be rebuilt, or
 * be replaced by another file while a program runs, so a store opens whenever
 * it is first needed and opens again when another file has taken its place.
 *
 * Reading happens between store_begin() and store_end(): one snapshot, held
 * for a second at most (longer ones keep the daemon from taking the
 * write-ahead log back to its beginning). The functions of search.h, agents.h,
 * sessions.h and approvals.h do so themselves, and may be called within
 * somebody's own pair, too, to see one state of things.
 *
 * "Has anything changed?" is answered by the counter of the status page
 * (status.h), not by asking here.
 *
 * Of one thread at a time: a thread of a pool has a store of its own.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "log/logfile.h"
#include "store/segment.h"
#include "store/statement.h"

struct store;

/* `database` is the path of kruxos.db, `audit_dir` the folder of the log; both
 * are copied, neither need be there yet. Never NULL. */
struct store *store_open(const char *database, const char *audit_dir);
void store_close(struct store *store);

/* Where somebody has locked the database, fail at once instead of waiting for
 * up to a second: for who may not stand still. */
void store_never_wait(struct store *store);

/* Give back what it keeps for speed alone; outside of snapshots. */
void store_shrink(struct store *store);

/* Begin a snapshot; pairs may lie within each other. ERROR_UNREACHABLE: no
 * database yet; ERROR_CORRUPT: it is damaged, or of another version;
 * ERROR_SYSTEM. */
int store_begin(struct store *store, struct error *err);
void store_end(struct store *store);

/* Of the snapshot at hand: the last entry that is in the index (0: none), the
 * first one (retention takes files away), and the number of the rebuild. */
uint64_t store_last_seq(struct store *store);
uint64_t store_first_seq(struct store *store);
uint64_t store_generation(struct store *store);

/* Where a line stands, and how to know it. */
struct store_place {
	uint64_t seq;
	char file[LOGFILE_NAME_SIZE];
	uint64_t offset;	 /* of its first byte */
	uint32_t payload_prefix; /* the first four bytes of payload_hash */
};

/* The place of one entry. ERROR_NOT_FOUND: the index has none (retention took
 * it, or it has not come so far: store_last_seq()). */
int store_find(struct store *store, uint64_t seq, struct store_place *ret_place,
    struct error *err);

/* The same for `*count` of them, whose seqs stand in `places` and fall; those
 * that the index has not are left out, and `*count` is what remains. Of
 * neighbours it costs far less than one by one. */
int store_find_all(struct store *store, struct store_place *places,
    size_t *count, struct error *err);

/* Append the line at `place`, without '\n', read into `ret_entry` (whose
 * slices lie in `out`; good until it grows). A line is never given for one
 * that it is not: where seq or payload_hash are not those of the place, the
 * log itself is searched for the seq, and `ret_place` says where it was.
 * ERROR_NOT_FOUND: the log has no such entry (any more); ERROR_CORRUPT,
 * ERROR_SYSTEM. Needs no snapshot. */
int store_read(struct store *store, const struct store_place *place,
    struct buf *out, struct entry *ret_entry, struct store_place *ret_place,
    struct error *err);

/* The lines at `count` places, in their order, each as store_read() gives it;
 * what that has not or finds damaged is left out. Neighbours that come newest
 * first are read together. `line` and `entry` are good during the call. -1:
 * ERROR_SYSTEM. */
typedef void (*store_on_line)(void *context, const struct store_place *place,
    const struct entry *entry, struct slice line);
int store_read_all(struct store *store, const struct store_place *places,
    size_t count, store_on_line on_line, void *context, struct error *err);

/* --- for lib/store alone ------------------------------------------------ */

/* The tables of statements, one a file of sql/ that readers use. */
enum store_set {
	STORE_STORE,
	STORE_DICTIONARY,
	STORE_SEARCH,
	STORE_AGENTS,
	STORE_SESSIONS,
	STORE_APPROVALS,
	STORE_CALLS,
	STORE_SETS
};

/* Begin statement `index` of `set`, within a snapshot. */
struct statement
store_start(struct store *store, enum store_set set, int index);

/* A day file of the log, open for reading; the caller's to close. -1:
 * ERROR_NOT_FOUND, ERROR_CORRUPT (no such name), ERROR_SYSTEM. */
int store_open_file(struct store *store, const char *name, struct error *err);

/* Rows kept from one search to the next (search_rows.h). */
struct search_row;
struct store_tail {
	uint64_t generation;
	uint64_t first, through; /* seqs that were read */
	struct search_row *rows;
	size_t count, capacity;
};
struct store_tail *store_tail(struct store *store);

/* The times of the blocks that were read last (search_block.h): the range that
 * most ask for begins in the same block for a long time. */
enum { STORE_TIMES = 2 };
struct store_times {
	uint64_t generation; /* 0: none */
	struct segment_block block;
	struct segment_times times; /* lie in … */
	struct buf blob;
};
/* The first of STORE_TIMES, the one that was used last. */
struct store_times *store_times(struct store *store);

/* Of the snapshot: entries from here on are in no block of 65,536; and from
 * here on in no block at all. */
uint64_t store_recent_seq(struct store *store);
uint64_t store_tail_seq(struct store *store);

#endif
