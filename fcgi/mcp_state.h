/* The `requestState` of a call that waits for a person's approval (second
 * era): what the client sends along when it makes the call again, so that
 * nothing has to be remembered of it here.
 *
 * It gives no right to anything: kruxosd alone knows what was approved. But it
 * must be of ours, of this agent, of this very call and not old (the protocol
 * wants each of them), so a code goes with it that only this process can make:
 *
 *	64 hex digits	HMAC-SHA-256 of all that follows, the agent and the call
 *	20 digits	when it ends, in microseconds since 1970
 *	the rest	the approval's id
 */
#ifndef FCGI_MCP_STATE_H
#define FCGI_MCP_STATE_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/sha256.h"

enum { MCP_STATE_KEY_BYTES = 32 };

#define MCP_STATE_LIFE USEC_PER_DAY

struct mcp_state_key {
	char bytes[MCP_STATE_KEY_BYTES];
};

/* What it is about. */
struct mcp_state_call {
	const unsigned char *agent; /* the digest of its token */
	struct slice capability;
	struct slice arguments; /* as they came */
};

/* A new one, at random. */
void mcp_state_make_key(struct mcp_state_key *ret_key);

/* Append one that begins at `now`. */
void mcp_state_write(const struct mcp_state_key *key,
    const struct mcp_state_call *call, struct slice approval, usec_t now,
    struct buf *out);

/* Is `state` one of ours, of this call, and still good? */
bool mcp_state_holds(const struct mcp_state_key *key,
    const struct mcp_state_call *call, struct slice state, usec_t now);

#endif
