/* What kruxosd does for agents, by capability: one row each.
 *
 * What only reads has a row too, and nothing in it: the gateway has read it
 * before it asks, and shows it if the answer lets it.
 */
#ifndef KRUXOSD_EFFECT_H
#define KRUXOSD_EFFECT_H

#include "collectors/kruxosd/invocation_internal.h"

struct effect {
	const char *capability;

	/* Before the entry: are the arguments right, and may it be? It may
	 * change what is recorded. -1: what is wrong; the entry says it. NULL:
	 * there is nothing to do. */
	int (*begin)(struct invocation *invocation, struct error *err);

	/* Its entry is durable as `seq`: do it, and write the members of the
	 * result. -1: it cannot be done any more. NULL: nothing. */
	int (*end)(struct invocation *invocation, uint64_t seq,
	    struct json_writer *result, struct error *err);
};

/* NULL: there is no such capability. */
const struct effect *effect_find(struct slice capability);

#endif
