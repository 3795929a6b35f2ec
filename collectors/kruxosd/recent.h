/* The calls of the last 24 hours: was this line recorded before?
 *
 * Delivery is at least once, so a producer that had no answer sends again. A
 * line with the actor, session, call_id, capability and status of an entry of
 * the last 24 h says the same thing and is answered with that entry's seq.
 * Lines without a call_id are never the same.
 *
 * Three places know what was recorded, and are asked in turn:
 *   - entries of the batch that waits for its sync go by their ticket;
 *   - entries that are durable but not in the index yet are kept here, whole
 *     keys in memory (at most RECENT_TAIL of them; beyond, the oldest are
 *     forgotten);
 *   - older ones are in the index, which is asked only if a Bloom filter over
 *     the 32-bit hashes of their call_ids says "perhaps".
 * The filter starts empty: until recent_set_loaded() says that all hashes of
 * the last 24 h were given to it, it says "perhaps" to everything.
 */
#ifndef KRUXOSD_RECENT_H
#define KRUXOSD_RECENT_H

#include "log/entry.h"

enum { RECENT_TAIL = 1 << 20 };

#define RECENT_SPAN USEC_PER_DAY

struct recent;

/* Ask the index: the seq of the newest entry recorded at `since` or later with
 * the actor, session, call_id, capability and status of `entry`; 0: none that
 * it knows of. */
typedef uint64_t (*recent_find)(
    void *context, const struct entry *entry, usec_t since);

/* The hash that the index keeps of a call_id. */
typedef uint32_t (*recent_hash)(struct slice call_id);

/* `find` NULL: there is no index; then only what is kept here is known. */
struct recent *
recent_new(recent_hash hash, recent_find find, void *find_context);
void recent_free(struct recent *recent);

/* What the index already holds: one hash of an entry recorded at `at`. */
void recent_load(struct recent *recent, uint32_t call_hash, usec_t at);
void recent_set_loaded(struct recent *recent);

struct recent_match {
	uint64_t seq;	 /* durable under this; 0: not yet, and then: */
	uint64_t ticket; /* it goes by this one in the batch */
};

/* Has `entry` been recorded since 24 h before `now`, or is it about to be? */
bool recent_look(struct recent *recent, const struct entry *entry, usec_t now,
    struct recent_match *ret);

/* The entry that recent_look() was asked about last went into the batch under
 * `ticket`. */
void recent_begin(struct recent *recent, uint64_t ticket);

/* The oldest entry begun and not ended is durable as `seq`, recorded at `at`;
 * 0: it was refused. In the order of recent_begin(). */
void recent_end(struct recent *recent, uint64_t seq, usec_t at);

/* The index holds all entries through `seq`. */
void recent_set_indexed(struct recent *recent, uint64_t seq);

#endif
