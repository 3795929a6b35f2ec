/* The inside of a call, for two files alone: invocation.c, which takes it from
 * step to step, and effect.c, which does what it asks for. */
#ifndef KRUXOSD_INVOCATION_INTERNAL_H
#define KRUXOSD_INVOCATION_INTERNAL_H

#include "base/json_writer.h"
#include "collectors/kruxosd/invocation.h"
#include "door/message.h"

struct effect;

struct invocation {
	const struct invocation_parts *parts;
	struct command_call *call;
	const struct effect *effect; /* NULL: there is no such capability */

	/* What was said. Good as long as the command runs, or kept here. */
	const struct json_reader *reader;
	const struct json_node *args;
	struct buf kept;
	struct json_reader kept_reader;

	/* What is recorded: entry, summary and request; the same. */
	struct message message;
	struct message_parser parser; /* what it needed */
	struct buf own_request;	      /* instead of the request; empty: that */
	usec_t began_at;	      /* CLOCK_MONOTONIC */
	char took[MESSAGE_DURATION_BYTES];
	bool is_new;  /* its call_id was made here: nobody has had it */
	bool is_told; /* of a call that was made, and measured, elsewhere */
	bool is_once; /* the same call_id again is the same call: done once */

	/* What is answered. */
	char call_id[ENTRY_NAME_BYTES + 1];
	enum entry_tier tier;
	struct error refusal; /* when it is recorded; ERROR_NONE: done */
	bool has_call;	      /* recent.h knows of it */
	/* "": it needed no approval. Not its call_id, which a call that is told
	 * of brings along. */
	char approval_id[ENTRY_NAME_BYTES + 1];

	/* The effect's own. */
	uint64_t alert;
	struct buf note;
};

/* The argument `key` of the call's arguments, or NULL. */
const struct json_node *
invocation_argument(const struct invocation *invocation, const char *key);

/* Another name of the call than it had: the entry's and the answer's. */
void
invocation_set_call_id(struct invocation *invocation, struct slice call_id);

#endif
