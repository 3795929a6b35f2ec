/* The inside of a chain: for chain*.c alone. */
#ifndef LOG_CHAIN_INTERNAL_H
#define LOG_CHAIN_INTERNAL_H

#include "base/json_reader.h"
#include "log/chain.h"

/* An erased payload that no audit.erase entry has vouched for yet. */
struct erased {
	uint64_t seq;
	uint64_t by;
};

struct chain {
	struct sha256 *sha256;
	struct json_reader reader;
	uint64_t next_seq;
	unsigned char last_hash[SHA256_BYTES];
	usec_t first_recorded_at, last_recorded_at;
	uint64_t entries;
	uint64_t erased;

	struct erased *waiting; /* in the order of seq */
	size_t waiting_count, waiting_capacity;

	/* A log whose beginning has gone: what a log.retention must name. */
	uint64_t before_seq;
	unsigned char before_hash[SHA256_BYTES];
	bool is_vouched;
};

/* chain_add() in two steps, for who looks at the entry in between: read the
 * line, then let the entry join the chain. -1 and `fault`. */
int chain_parse_line(struct chain *chain, struct slice line,
    struct entry *ret_entry, struct chain_fault *fault);
int chain_add_entry(
    struct chain *chain, const struct entry *entry, struct chain_fault *fault);

/* Let all entries of `next` join the chain; none of them is one that settles
 * something (entry_is_permanent()). False: they do not go on where it stands,
 * and it stays there. */
bool chain_join(struct chain *chain, const struct chain *next);

#endif
