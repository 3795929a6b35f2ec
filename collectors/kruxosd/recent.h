/* The calls of the last 24 hours: was this line recorded before?
 *
 * Delivery is at least once, so a producer that had no answer sends again. A
 * line with the actor, session, call_id, capability and status of an entry of
 * the last 24 h says the same thing and is answered with that entry's seq.
 * Lines without a call_id are never the same. What else may be the same,
 * another one can be made for (outcomes.h).
 *
 * Three places know what was recorded, and are asked in turn:
 *   - entries of the batch that waits for its sync go by their ticket;
 *   - entries that are durable but not in the index yet are kept here, whole
 *     keys in memory (at most RECENT_TAIL of them; beyond, the oldest are
 *     forgotten);
 *   - older ones are in the index, which is asked only if a filter over hashes
 *     (call_filter.h) says "perhaps": of whole keys for what was recorded since
 *     the start, of call_ids for what was before. Until recent_adopt() brings
 *     the latter, the index is always asked.
 */
#ifndef KRUXOSD_RECENT_H
#define KRUXOSD_RECENT_H

#include "collectors/kruxosd/call_filter.h"
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

/* Write what two entries with a call_id have in common that are the same. */
typedef void (*recent_say)(const struct entry *entry, struct buf *out);

/* `find` NULL: there is no index; then only what is kept here is known. */
struct recent *
recent_new(recent_hash hash, recent_find find, void *find_context);

/* One for which other entries are the same: those of which `say` writes the
 * same; `find` knows them, too. What was recorded before the start, `elder` has
 * heard of; it outlives this one. */
struct recent *recent_new_by(recent_say say, const struct recent *elder,
    recent_find find, void *find_context);
void recent_free(struct recent *recent);

/* Take over a filter of all that was recorded in the last 24 h before the
 * start (made of call_finder_each(), by a thread perhaps). */
void recent_adopt(struct recent *recent, struct call_filter *filter);

/* Before the start: an entry (its seq and recorded_at filled) that stands in
 * the log and not yet in the index. In the order of the log, and before the
 * first recent_begin(). */
void recent_add(struct recent *recent, const struct entry *entry);

struct recent_match {
	uint64_t seq;	 /* durable under this; 0: not yet, and then: */
	uint64_t ticket; /* it goes by this one in the batch */
};

/* Has `entry` been recorded since 24 h before `now`, or is it about to be? */
bool recent_look(struct recent *recent, const struct entry *entry, usec_t now,
    struct recent_match *ret);

/* The entry with a call_id that recent_look() was asked about last, and had
 * not seen, went into the batch under `ticket`. */
void recent_begin(struct recent *recent, uint64_t ticket);

/* The oldest entry begun and not ended is durable as `seq`, recorded at `at`;
 * seq 0: it was refused. In the order of recent_begin(). */
void recent_end(struct recent *recent, uint64_t seq, usec_t at);

/* The index holds all entries through `seq`. */
void recent_set_indexed(struct recent *recent, uint64_t seq);

/* Give back what was needed while the index lagged behind: now and then. */
void recent_trim(struct recent *recent);

#endif
