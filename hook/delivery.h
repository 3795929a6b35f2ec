/* The way to kruxosd: what it decides, and entries until they are durable.
 *
 * Every call is over in the time given at delivery_open(): an agent waits for
 * its hook.
 */
#ifndef HOOK_DELIVERY_H
#define HOOK_DELIVERY_H

#include "base/clock.h"
#include "base/json_reader.h"
#include "door/door.h"
#include "log/entry.h"

enum { DELIVERY_LINES = 64 }; /* at most, of one event */

struct delivery {
	struct door *door; /* NULL: nobody is there; then: */
	struct error why;

	/* Of the lines that are being sent. */
	uint64_t before;
	bool is_settled[DELIVERY_LINES]; /* recorded, or never to be */
};

/* Connect to the socket at `path`. */
void
delivery_open(struct delivery *delivery, const char *path, usec_t patience);
void delivery_close(struct delivery *delivery);

/* What the policy says of a call. */
struct delivery_policy {
	enum entry_tier tier; /* ENTRY_NO_TIER: nobody said */
	bool is_explicit;     /* a line says so … */
	struct buf line; /* … this one: "kruxos.conf:41: shell.* = …" */
};

/* Ask for it. -1: kruxosd has not said. */
int delivery_ask(struct delivery *delivery, struct slice agent_name,
    struct slice capability, struct delivery_policy *ret, struct error *err);

/* Hand in `lines`, each with its '\n', and wait until they are durable. -1: not
 * all are; err says why, and `ret_rest` gets those that may be handed in later:
 * the others will never be taken. ERROR_NOT_ALLOWED: nor will those. */
int delivery_send(struct delivery *delivery, struct slice lines,
    struct buf *ret_rest, struct error *err);

#endif
