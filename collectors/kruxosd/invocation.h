/* A tool call of an agent, through the gateway: what it may, what it does, and
 * the entry that says so.
 *
 * Every call of an agent that is known ends as one entry, allowed or not, and
 * is answered when that is durable: only then is what was read shown, or what
 * was asked for done. In this order: how often (policy_keeper.h), whether there
 * is such a capability and its arguments were right, what the policy says, a
 * person's approval where it takes one (approval_keeper.h), and what the
 * capability does here (effect.h).
 */
#ifndef KRUXOSD_INVOCATION_H
#define KRUXOSD_INVOCATION_H

#include "collectors/kruxosd/alerts.h"
#include "collectors/kruxosd/approval_keeper.h"
#include "collectors/kruxosd/command.h"
#include "collectors/kruxosd/commit.h"
#include "collectors/kruxosd/policy_keeper.h"
#include "collectors/kruxosd/recent.h"

/* What calls are answered with; all of it stays the caller's, and outlives the
 * last of them. */
struct invocation_parts {
	struct clock *clock;
	struct commit *commit;
	struct recent *recent;
	struct policy_keeper *policy;
	struct approval_keeper *approvals;
	struct alerts *alerts;
};

/* capability.invoke (docs/door.md). */
extern const struct command_arg invocation_args[];

void invocation_command(
    const struct invocation_parts *parts, struct command_call *call);

#endif
