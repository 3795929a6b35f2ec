/* Whose turn it is to be read.
 *
 * A flooding producer is slowed, and slows nobody else. Each uid that has
 * something to say is read in turn, FAIR_UID_BYTES at most, and within it each
 * of its connections, FAIR_READ_BYTES at most: deficit round robin over a
 * stream of bytes, where a turn can always be used up to the byte, so that
 * nothing needs to be carried over. Who comes after it had nothing to say for
 * as long as a round of the others takes is next: it had its turn coming.
 * Between two ordinary uids one of the system's (root, the daemon's own) is
 * read, if it has anything: half of what can be read is theirs if they need it.
 *
 * What a connection has sent and what is no whole line yet has to be held in
 * memory. A uid that holds more than FAIR_HELD_UID_BYTES, or more than its
 * part when all together hold FAIR_HELD_BYTES, goes on with one connection at
 * a time until that is less; the others are read as long as each holds less
 * than FAIR_SMALL_BYTES, so that half lines hold up long lines only.
 * Connections are bounded by uid and in all; FAIR_RESERVE of them are for the
 * system's.
 *
 * Pure: it knows no sockets, and time is given.
 */
#ifndef KRUXOSD_FAIRNESS_H
#define KRUXOSD_FAIRNESS_H

#include "base/clock.h"
#include "door/message.h"

#include <sys/queue.h>

enum {
	FAIR_UID_BYTES = 16 << 10,
	FAIR_READ_BYTES = 16 << 10,
	FAIR_HELD_UID_BYTES = 4 << 20,
	FAIR_HELD_BYTES = 64 << 20,
	FAIR_SMALL_BYTES = 16 << 10,
	FAIR_RESERVE = 64,
};

/* How long the one connection of such a uid may take to end its line. */
#define FAIR_LINE_TIME (10 * USEC_PER_SEC)

/* A uid shorter slowed than this in a minute is not worth a word. */
#define FAIR_SLOWED_TIME USEC_PER_SEC

struct fairness;
struct fair_uid;
TAILQ_HEAD(fair_row, fair_member);

/* A connection, as this module sees it: a part of the caller's struct. */
struct fair_member {
	struct fair_uid *uid;
	struct fair_row *row; /* of the uid's, in which it waits; or NULL */
	TAILQ_ENTRY(fair_member) in_row;
	size_t held_bytes;
};

/* Bounds on connections: of one uid, and in all. Never NULL. */
struct fairness *fairness_new(unsigned a_uid, unsigned in_all);
void
fairness_set_limits(struct fairness *fairness, unsigned a_uid, unsigned in_all);
void fairness_free(struct fairness *fairness);

/* A connection comes; `classes` of enum message_peer_class. ERROR_BUSY: too
 * many. */
int fairness_join(struct fairness *fairness, struct fair_member *member,
    uint32_t uid, unsigned classes, struct error *err);
void fairness_leave(struct fairness *fairness, struct fair_member *member);

/* Who it is: for message_parse(). Good while the member is. It has no name
 * before fairness_set_name() has given the uid one. */
const struct message_peer *fairness_peer(const struct fair_member *member);
void
fairness_set_name(struct fairness *fairness, uint32_t uid, const char *name);

/* It has something to be read; again and again is once. */
void fairness_ready(struct fairness *fairness, struct fair_member *member);

/* Whose turn it is, and how many bytes of it; NULL: nobody is ready. It is not
 * ready any more until fairness_done() or fairness_ready() say so. */
struct fair_member *fairness_next(struct fairness *fairness, size_t *ret_bytes);

enum fair_state {
	FAIR_IDLE,	  /* nothing more to be read, or not now */
	FAIR_MORE,	  /* it has more: to the end of the row */
	FAIR_INTERRUPTED, /* first in the row when its uid is next */
};

/* The turn that fairness_next() gave is over; `used` bytes were read. */
void fairness_done(struct fairness *fairness, struct fair_member *member,
    size_t used, enum fair_state state);

/* The member holds `bytes` that are no message yet. */
void fairness_hold(
    struct fairness *fairness, struct fair_member *member, size_t bytes);

/* Is anybody ready? */
bool fairness_is_waiting(const struct fairness *fairness);

/* Reading begins and ends; those who are ready then are slowed until they have
 * been read. Times are CLOCK_MONOTONIC. */
void fairness_begin(struct fairness *fairness, usec_t now);
void fairness_end(struct fairness *fairness);

/* Since fairness_begin() all who are ready have been read, and somebody who was
 * has nothing more to say: he waits for what becomes of it. */
bool fairness_is_round_over(const struct fairness *fairness);

/* A member whose unfinished line holds up its uid for too long; NULL: none. */
struct fair_member *fairness_overdue(struct fairness *fairness, usec_t now);

/* Who was slowed since the last report, as a JSON object that ends up in
 * `ingest.throttled`: {"slowed":[{"uid":1001,"user_name":"ann","slowed_ms":
 * 4200,"read_bytes":123456,"connections":3},…]}, worst first, 16 at most.
 * False: nobody, and nothing was appended. */
bool fairness_report(struct fairness *fairness, usec_t now, struct buf *out);

#endif
