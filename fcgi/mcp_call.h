/* tools/call: a message of the Model Context Protocol becomes a question to
 * kruxosd (invocation.h), and what came of it a result.
 *
 * What a model can do something about (the arguments are wrong, policy denies
 * it, too many calls) is a result with isError; what is wrong with the message
 * itself is an error of the protocol, and is recorded all the same.
 *
 * A call that a person has to approve: in the first era a result that says so.
 * In the second it is `input_required`: the client makes the same call again,
 * with the requestState that it was given (mcp_state.h). A client that can ask
 * its user something is asked to: so the user sees what is waited for, and says
 * when to go on. What he says decides nothing.
 */
#ifndef FCGI_MCP_CALL_H
#define FCGI_MCP_CALL_H

#include "fcgi/invocation.h"
#include "fcgi/mcp_message.h"
#include "fcgi/mcp_state.h"

/* Members of _meta that are ours. A client may say to which of the log's
 * sessions a call of the second era belongs, and its call_id; of each result
 * they tell the entry. */
#define MCP_CALL_META_SESSION "kruxos/session_id"
#define MCP_CALL_META_CALL    "kruxos/call_id"
#define MCP_CALL_META_SEQ     "kruxos/seq"
#define MCP_CALL_META_TIER    "kruxos/policy_tier"

struct mcp_call {
	enum mcp_era era;
	bool elicits; /* the client can ask its user by a form */
	bool gave_up; /* the user has said that he does not wait */
	struct mcp_state_call about;
};

/* Fill `question` from `message`, within `arena`; `agent` is the digest of the
 * caller's token, which outlives the call. -1: `ret_refusal` is what to answer
 * once kruxosd has recorded it. */
int mcp_call_ask(struct mcp_call *call, const struct mcp_state_key *key,
    const unsigned char *agent, const struct json_reader *json,
    const struct mcp_message *message, struct invocation *question,
    struct arena *arena, struct mcp_refusal *ret_refusal);

/* Write the members of the result, at `now`. */
void
mcp_call_write(const struct mcp_call *call, const struct mcp_state_key *key,
    const struct invocation *question, usec_t now, struct json_writer *json);

#endif
