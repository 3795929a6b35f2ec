/* What is common to the answers of /mcp: errors, and the members that results
 * of the second era have. */
#ifndef FCGI_MCP_ANSWER_H
#define FCGI_MCP_ANSWER_H

#include "fcgi/mcp_message.h"

#include "base/json_writer.h"
#include "http/reply.h"

/* Answer a refusal to the request `id`, JSON ({NULL, 0}: it has none that could
 * be read). Returns the status, as the others do. */
int mcp_answer_refusal(
    struct reply *rep, struct slice id, const struct mcp_refusal *refusal);

/* The same in one. */
int mcp_answer_refuse(struct reply *rep, struct slice id, int status,
    enum mcp_code code, const char *sentence);

/* Who asks is not known: 401, and nothing else is said. */
int mcp_answer_unknown_caller(struct reply *rep, struct slice id);

/* Is it about who asks, or is there nobody to be asked? Then it is no answer to
 * what was asked. */
bool mcp_answer_is_outside(const struct error *err);

/* What kruxosd says is wrong: with who asks, or that it can do nothing now. */
int
mcp_answer_error(struct reply *rep, struct slice id, const struct error *err);

/* {"name":"kruxos", …} */
void mcp_answer_write_server(struct json_writer *json);

/* The member of _meta that names this server. */
void mcp_answer_write_server_meta(struct json_writer *json);

/* Of a whole result: "resultType", and "_meta" with the above. */
void mcp_answer_write_complete(struct json_writer *json);

/* How long the client may keep it; its own, and nobody else's. */
void mcp_answer_write_ttl(struct json_writer *json, unsigned ttl_ms);

#endif
