/* The blocks of a file of the log, in order, some of them looked at by threads
 * before the verifier comes to them: for chain_verify.c.
 *
 * A thread says one thing of a block: its lines are a chain of their own, here
 * it is, and chain_join() can tell whether it goes on where the log stands. Of
 * a block with anything else in it a thread says nothing: the verifier takes
 * it line by line, and the same bytes of it, so that threads change how long a
 * verdict takes and nothing of the verdict.
 */
#ifndef LOG_CHAIN_AHEAD_H
#define LOG_CHAIN_AHEAD_H

#include "base/buf.h"
#include "log/chain.h"

struct chain_ahead;

struct chain_ahead_block {
	struct slice lines; /* whole ones; … */
	struct slice rest;  /* … what stands behind them, … */
	bool is_last;	    /* … and begins the next block, if there is one */
	size_t got;	    /* bytes that were read from the file for it */
	int errnum;	    /* or it could not be read; 0 */

	/* Of its lines alone; NULL: they are none, or nobody has looked. */
	struct chain *chain;

	struct buf bytes;
	bool is_seen; /* by a thread; under the lock */
};

/* `threads` and `block_bytes` as in struct chain_options. */
struct chain_ahead *chain_ahead_new(unsigned threads, size_t block_bytes);
void chain_ahead_free(struct chain_ahead *ahead);

/* The blocks that come next are of `fd`, up to `length`. Those of the file
 * before have all been given. */
void chain_ahead_begin(struct chain_ahead *ahead, int fd, uint64_t length);

/* The next block, good until the next call; NULL behind the last one. */
const struct chain_ahead_block *chain_ahead_next(struct chain_ahead *ahead);

#endif
