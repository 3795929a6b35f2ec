/* Verifies the log: is every line what was written, is none missing?
 *
 * One piece of code for the daemon (as entries become durable, and whole once
 * a day), `kruxos audit verify` and the tests. It trusts nothing but the bytes
 * of the files: no database, no daemon.
 *
 * Checked, in the order of the log: each file begins with a `log.open` that
 * names the file before it truly; every line is of the format (entry.h); seq
 * goes up by one; prev_hash is the entry_hash before; both hashes hold;
 * recorded_at never runs backwards. A log that begins after seq 1 needs a
 * `log.retention` entry that names the last seq and hash that went; an erased
 * payload needs a later `audit.erase` entry that names it. A bad line in the
 * last file that can be the rest of an unfinished write is a torn tail, not
 * damage: chain_is_torn() says which, and the daemon's recovery asks the same
 * function.
 */
#ifndef LOG_CHAIN_H
#define LOG_CHAIN_H

#include "log/logfile.h"

struct chain;

enum {
	/* A batch is never larger, so a longer tail is damage. */
	CHAIN_TORN_BYTES = 64 << 20,
	CHAIN_BLOCK_BYTES = 256 << 10, /* fits the cache */
	CHAIN_THREADS_MAX = 8,
};

/* The first thing that does not hold. */
struct chain_fault {
	char file[LOGFILE_NAME_SIZE]; /* "": entries are missing at the end */
	uint64_t line;		      /* in the file, from 1 */
	uint64_t offset;	      /* of that line's first byte */
	uint64_t seq;	  /* of the entry, or the one expected here */
	const char *what; /* the field or rule: "entry_hash", "seq", … */
	char expected[160];
	char found[160]; /* made visible */
};

struct chain_result {
	bool is_whole;	     /* everything holds; else `fault` is filled */
	bool is_torn;	     /* whole, but for an unfinished write of … */
	uint64_t torn_bytes; /* … that many bytes at the very end */
	uint64_t first_seq, last_seq;
	unsigned char last_hash[SHA256_BYTES];
	usec_t last_recorded_at;
	uint64_t entries;
	uint64_t files;
	uint64_t erased; /* payloads taken out as they should be */
	uint64_t bytes;
	struct chain_fault fault;
};

struct chain_options {
	/* Verify up to this seq; 0: all. What says why the log begins where
	 * it does may stand behind it, and counts. */
	uint64_t through_seq;
	/* The entry that must be there with this hash; expect_seq 0: none. */
	uint64_t expect_seq;
	unsigned char expect_hash[SHA256_BYTES];
	/* What index or status page know as durable: the log reaches as far,
	 * or it is damaged. 0: nothing is known. */
	uint64_t synced_seq;
	/* So many look at the lines ahead (chain_ahead.h), up to
	 * CHAIN_THREADS_MAX; 0: none does. The verdict is the same. */
	unsigned threads;
	size_t block_bytes; /* read at a time; 0: CHAIN_BLOCK_BYTES */
	/* Called behind each block, by the thread of chain_verify(): all holds
	 * through `seq`. May be NULL. Returning false stops (ERROR_BUSY). */
	bool (*on_progress)(
	    void *context, uint64_t seq, uint64_t bytes, uint64_t total_bytes);
	void *context;
};

/* Verify the log in `audit_dir` from its first file on. 0: it was read, and
 * `ret_result` is the verdict; -1: it could not be read (ERROR_SYSTEM), or was
 * stopped (ERROR_BUSY). An empty folder is whole, with no entries. */
int chain_verify(const char *audit_dir, const struct chain_options *options,
    struct chain_result *ret_result, struct error *err);

/* Piece by piece, for who reads the lines himself: a chain that begins before
 * entry `first_seq` whose predecessor had `prev_hash`. */
struct chain *chain_new(
    uint64_t first_seq, const unsigned char prev_hash[static SHA256_BYTES]);
void chain_free(struct chain *chain);

/* The next line (without '\n'). 0: it holds and the chain has moved on; -1:
 * it does not, `ret_fault` says why (file, line and offset are the caller's to
 * fill), and the chain stays where it is. */
int chain_add(
    struct chain *chain, struct slice line, struct chain_fault *ret_fault);

/* The last line that holds: its seq and its entry_hash. */
void chain_last(const struct chain *chain, uint64_t *ret_seq,
    unsigned char ret_hash[static SHA256_BYTES]);

/* The tail of the last file, from the first bad line on, with no later file:
 * can it be the rest of one unfinished batch? Only if something is missing in
 * that line: an append that was cut leaves the end of the file too early, or
 * zeros, never other letters. And not if two different later `recorded_at`
 * stand in whole lines behind it, or if `synced_seq` (what index or status
 * page know as durable; 0: nothing) reaches beyond `last_good_seq`. */
bool chain_is_torn(struct slice tail, usec_t last_good_recorded_at,
    uint64_t last_good_seq, uint64_t synced_seq);

#endif
