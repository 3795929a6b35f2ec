/* One who speaks: bytes become lines, lines become messages, and each has its
 * answer in its turn.
 *
 * Entries go into the commit's batch and are answered when it is durable,
 * in runs: lines that follow each other and whose seqs do are one answer. What
 * is known at once (an error, a duplicate) waits for the entries before it.
 * Commands are answered when they end, by their id.
 *
 * A connection that has nothing to say holds no buffer. It is not read while
 * the batch is full, while its peer does not take its answers, while too many
 * of its commands run, or while a line waits for the name of its peer.
 */
#ifndef KRUXOSD_CONNECTION_H
#define KRUXOSD_CONNECTION_H

#include "collectors/kruxosd/command.h"
#include "collectors/kruxosd/commit.h"
#include "collectors/kruxosd/coverage_keeper.h"
#include "collectors/kruxosd/fairness.h"
#include "collectors/kruxosd/ingest.h"
#include "collectors/kruxosd/outcomes.h"

#include <sys/queue.h>

enum {
	/* Answers that are ready, or wait for their turn, before no more lines
	 * are taken. */
	CONNECTION_ANSWER_BYTES = 16 << 10,
	CONNECTION_COMMANDS = 16,
};

struct connection;

/* What all connections share; ingest owns it. */
struct connection_room {
	struct clock *clock;
	struct commit *commit;
	struct recent *recent;
	struct outcomes *outcomes;
	struct coverage_keeper *coverage; /* NULL: nobody counts */
	struct command_table commands;
	struct fairness *fairness;
	void (*on_ready)(void *context); /* somebody can be read again */
	void *on_ready_context;
	struct message_parser parser;
	char *received; /* FAIR_READ_BYTES, for one recv() */
	LIST_HEAD(connection_list, connection) connections;
	struct ingest_counts counts;
	bool is_stopping; /* nothing is read any more */
};

/* Take the connected socket `fd` of this peer; it is closed with the
 * connection. ERROR_BUSY: too many, and `fd` is still the caller's. */
struct connection *connection_new(struct connection_room *room, int fd,
    uint32_t uid, unsigned classes, struct error *err);

/* What it says was left for later at `at` (CLOCK_REALTIME): its times count
 * from then, and of commands there is no word (spool.h). */
void connection_set_spooled(struct connection *connection, usec_t at);

/* epoll (edge-triggered: EPOLLIN, EPOLLOUT, EPOLLRDHUP) says `events` of it.
 * The connection may be gone after it. */
void connection_on_events(struct connection *connection, uint32_t events);

/* Is it known what its peer is called? */
bool connection_has_name(const struct connection *connection);

/* Names have come: lines that waited for them are taken. Connections may be
 * gone after it. */
void connection_on_names(struct connection_room *room);

/* It is its turn: read up to `bytes`, take the lines, answer what can be. Tells
 * fairness_done(). The connection may be gone after it. */
void connection_read(struct connection *connection, size_t bytes);

/* End it, with a word to the peer if `why` is not NULL. */
void connection_end(struct connection *connection, const struct error *why);

/* The connection that `member` is a part of. */
struct connection *connection_of(struct fair_member *member);

/* End all; only when nothing waits in the commit. */
void connection_end_all(struct connection_room *room);

#endif
