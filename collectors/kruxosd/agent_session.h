/* What an agent says of itself through the gateway: that a session begins or
 * ends; and what it asks of itself: who am I, and what may I? */
#ifndef KRUXOSD_AGENT_SESSION_H
#define KRUXOSD_AGENT_SESSION_H

#include "collectors/kruxosd/invocation.h"

/* session.start and session.end, and agent.self (docs/door.md). */
extern const struct command_arg agent_session_start_args[],
    agent_session_end_args[], agent_session_self_args[];

void agent_session_command(
    const struct invocation_parts *parts, struct command_call *call);
void agent_session_self_command(
    const struct invocation_parts *parts, struct command_call *call);

#endif
