/* POST and DELETE of /mcp: the Model Context Protocol by streamable HTTP, in
 * both of its eras on one endpoint (mcp_message.h). Answers are JSON; there is
 * nothing that the server would send of its own accord, so no stream is
 * offered (GET is 405), and no list changes while the program runs.
 *
 * Whatever a client asks for, kruxosd is asked whose token it came with. What a
 * model is to read is JSON; the sentences in it are ours.
 */
#ifndef FCGI_MCP_H
#define FCGI_MCP_H

#include "fcgi/invocation.h"

#include "http/reply.h"

struct mcp;

/* `gateway` outlives it. Never NULL. */
struct mcp *mcp_new(struct gateway *gateway);
void mcp_free(struct mcp *mcp);

/* Handlers, for the loop's thread. */
int mcp_post(struct mcp *mcp, struct request *req, struct reply *rep);
int mcp_delete(struct mcp *mcp, struct request *req, struct reply *rep);

#endif
