/* Notices that wait to be sent, and how the channels go, for who reads
 * telemetry.db: kruxos-observer sends them, kruxosd keeps them.
 *
 * Opened when it is first needed, and again when another file has taken the
 * database's place. Of one thread.
 */
#ifndef STORE_OUTBOX_H
#define STORE_OUTBOX_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"

struct outbox;

/* `path` (copied) is that of telemetry.db. Never NULL. */
struct outbox *outbox_open(const char *path);
void outbox_close(struct outbox *outbox);
DEFINE_CLEANUP(struct outbox *, outbox_close);

struct outbox_due {
	uint64_t id;
	usec_t created_at;
};

/* The notice that `channel` is to be sent next; none that waits for one before
 * it of its own group. 1, and `body` holds it; 0: none is due; -1:
 * ERROR_UNREACHABLE (there is no database yet), or the statements' errors. */
int outbox_next(struct outbox *outbox, struct slice channel, usec_t now,
    struct outbox_due *ret_due, struct buf *body, struct error *err);

/* How a channel goes; times are 0 where it has not happened. */
struct outbox_channel {
	uint64_t waiting; /* notices */
	usec_t oldest;	  /* of those */
	usec_t delivered_at;
	usec_t failing_since;
	usec_t failed_at;
	struct slice last_error; /* {NULL, 0}: none; in the arena */
};
int outbox_channel(struct outbox *outbox, struct slice channel,
    struct arena *arena, struct outbox_channel *ret_channel, struct error *err);

#endif
