/* JSON-RPC 2.0: what one request says, and what is answered.
 *
 * A message is read into a struct without looking at what its method is; what
 * carries it (POST /rpc with its batches, POST /mcp) is for others. Pure.
 */
#ifndef FCGI_RPC_H
#define FCGI_RPC_H

#include "base/arena.h"
#include "base/json_reader.h"
#include "base/json_writer.h"

/* The first five are JSON-RPC's (section 5.1), the others our own. */
enum rpc_code {
	RPC_PARSE = -32700,	      /* no JSON */
	RPC_INVALID_REQUEST = -32600, /* JSON, but no request */
	RPC_METHOD_NOT_FOUND = -32601,
	RPC_INVALID_PARAMS = -32602,
	RPC_INTERNAL = -32603,
	RPC_RATE_LIMIT = -32000,	/* data: retry_after */
	RPC_DENIED = -32001,		/* data: reason */
	RPC_APPROVAL_REQUIRED = -32002, /* data: approval_id */
	RPC_AUTHENTICATION = -32003,
};

/* A request, or, without an id, a notification, which has no answer. */
struct rpc_request {
	struct slice id;		/* as JSON; {NULL, 0}: a notification */
	struct slice method;		/* decoded */
	const struct json_node *params; /* an object; NULL: none */
};

/* Read the message `node`. Copies lie in `arena`; `params` is the reader's. -1:
 * it is no request; ret->id then is its id, if it has one that can be read, or
 * "null": to be answered with RPC_INVALID_REQUEST, or RPC_INVALID_PARAMS of
 * params that are no object (err->field is "params"). */
int rpc_read(const struct json_reader *json, const struct json_node *node,
    struct arena *arena, struct rpc_request *ret, struct error *err);

/* {"jsonrpc":"2.0","id":…,"result": … }: the result is written in between. */
void rpc_begin_result(struct json_writer *json, struct slice id);
void rpc_end_result(struct json_writer *json);

/* What the code is for what kruxosd, or who ran the call, says is wrong. */
enum rpc_code rpc_code_of(const struct error *err);

/* {"jsonrpc":"2.0","id":…,"error":{"code":…,"message":…,"data":{…}}}: the
 * sentence of `err`, and what belongs to the code. */
void rpc_write_error(struct json_writer *json, struct slice id,
    enum rpc_code code, const struct error *err);

#endif
