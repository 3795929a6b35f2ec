/* POST /rpc: the methods of agents, by JSON-RPC 2.0, one or a batch.
 *
 *	session.create, session.end
 *	capabilities.list, .describe, .invoke
 */
#ifndef FCGI_METHODS_H
#define FCGI_METHODS_H

#include "fcgi/invocation.h"
#include "http/reply.h"

enum { METHODS_BATCH = 100 }; /* requests in one body */

/* The handler, as route_handler. */
int methods_post(struct gateway *gateway, struct request *req,
    struct reply *rep, struct error *err);

#endif
