/* The socket: who speaks, what they may, back-pressure, answers.
 *
 * Reads lines from all who speak, fairly (fairness.h), makes messages of them
 * (door/message.h), hands entries to the commit and commands to their
 * handlers, and answers each connection in the order of its lines, when the
 * batch is durable. Nothing is dropped in silence: what cannot be taken yet is
 * not read.
 *
 * It runs as two sources of the loop with a priority behind SD_EVENT_PRIORITY_
 * NORMAL: the commit's post source at that priority comes between two turns of
 * reading. A turn ends when the batch is full or nobody has anything to say.
 */
#ifndef KRUXOSD_INGEST_H
#define KRUXOSD_INGEST_H

#include "base/clock.h"
#include "collectors/kruxosd/command.h"
#include "collectors/kruxosd/commit.h"
#include "collectors/kruxosd/coverage_keeper.h"
#include "collectors/kruxosd/outcomes.h"
#include "collectors/kruxosd/peer.h"

#include <systemd/sd-event.h>

struct ingest;

struct ingest_settings {
	const char *path; /* ingest.sock */
	struct peer_names names;
	unsigned connections_a_uid; /* 64 unless configured */
	unsigned connections;	    /* of all; some are kept for system uids */
};

/* What ingest works with; all of it stays the caller's and outlives it. */
struct ingest_parts {
	sd_event *event;
	struct clock *clock;
	struct commit *commit;
	struct recent *recent;
	struct outcomes *outcomes;
	struct coverage_keeper *coverage; /* NULL: nobody counts */
	struct command_table commands;
};

/* Make it, without a socket yet: the door is closed while recovery reads the
 * log's tail. ERROR_SYSTEM. */
struct ingest *ingest_new(const struct ingest_settings *settings,
    const struct ingest_parts *parts, struct error *err);

/* Open the door: take the listening socket that systemd hands over
 * (sd_listen_fds()), or bind `path` (0666: who may what is decided here). A
 * socket on which nobody answers is removed; ERROR_BUSY when somebody does,
 * ERROR_INVALID for a path that is too long or no socket, ERROR_SYSTEM. */
int ingest_open(struct ingest *ingest, struct error *err);

/* Let in the connected socket `fd` of a peer already known; the descriptor
 * becomes ingest's. ERROR_BUSY: too many (the peer is told). */
int ingest_adopt(struct ingest *ingest, int fd, uid_t uid, unsigned classes,
    struct error *err);

/* May `uid` leave something for later, by the groups that he is in now? Asks
 * the user database. ERROR_NOT_ALLOWED: he is no producer; ERROR_SYSTEM: that
 * cannot be told now. */
int
ingest_check_owner(const struct ingest *ingest, uid_t uid, struct error *err);

/* The same as ingest_adopt() for what `uid` has left for later at `at`
 * (CLOCK_REALTIME), which is read from `fd`: with a producer's rights, if he
 * has them by the groups that he is in now, and no more, for a file can be
 * moved by others than its owner. His times count from then. ERROR_NOT_ALLOWED:
 * he is none. */
int ingest_adopt_spooled(
    struct ingest *ingest, int fd, uid_t uid, usec_t at, struct error *err);

/* Names and limits as they are now (SIGHUP); who is connected stays. The path
 * is not read again. */
int ingest_reconfigure(struct ingest *ingest,
    const struct ingest_settings *settings, struct error *err);

/* Once a second: accepts again after a lack of descriptors, opens a socket anew
 * that somebody removed, ends lines that hold up memory, and records
 * `ingest.throttled` once a minute. */
void ingest_tick(struct ingest *ingest);

/* Accept and read no more (SIGTERM). What was taken is answered by the flush
 * that follows; then ingest_free(). */
void ingest_stop(struct ingest *ingest);
void ingest_free(struct ingest *ingest);

struct ingest_counts {
	uint64_t connections;	   /* now */
	uint64_t entries_accepted; /* since the start; no duplicates */
	uint64_t entries_refused;  /* lines answered by an error */
	uint64_t duplicates;
	uint64_t peers_refused; /* strangers, and beyond a limit */
};
void ingest_read_counts(
    const struct ingest *ingest, struct ingest_counts *ret_counts);

#endif
